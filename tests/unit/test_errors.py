"""What every error of the library carries: its message, its hint, and both through a pickle."""

import pickle
from uuid import UUID

import pytest

from event_store_async import (
    CategoriesMissing,
    CategoryOutcomeUnknown,
    ConcurrentModification,
    EventStoreError,
    SchemaMissing,
    WrongCategory,
)


@pytest.mark.parametrize(
    ("error", "message", "hint"),
    [
        (EventStoreError("it failed"), "it failed", None),
        (EventStoreError("it failed", hint="repeat it"), "it failed", "repeat it"),
        (SchemaMissing("bank.events"), "bank.events: there is no such table", "create it"),
    ],
    ids=["no hint", "hint", "subclass"],
)
def test_the_message_is_the_text_without_the_hint(
    error: EventStoreError, message: str, hint: str | None
) -> None:
    for each in (error, pickle.loads(pickle.dumps(error))):
        assert each.message == message
        assert (each.hint or "").startswith(hint or "")
        assert str(each) == (f"{message} ({each.hint})" if hint else message)


def test_an_error_of_several_facts_has_a_message_too() -> None:
    error = pickle.loads(pickle.dumps(ConcurrentModification(UUID(int=7), 3, 4)))

    assert error.message == str(error) == f"stream {UUID(int=7)} is at version 4, expected 3"
    assert error.hint is None


@pytest.mark.parametrize(
    ("error", "text", "hint", "facts"),
    [
        (
            WrongCategory(UUID(int=7), "account", "order"),
            f"stream {UUID(int=7)} is of category 'order', expected 'account'",
            None,
            {"stream_id": UUID(int=7), "expected": "account", "actual": "order"},
        ),
        (
            WrongCategory(UUID(int=7), "account", None),
            f"stream {UUID(int=7)} has no category, expected 'account'",
            f"`event-store streams categorise --category account {UUID(int=7)}` gives it one, "
            "unless a feed holds its events already",
            {"stream_id": UUID(int=7), "expected": "account", "actual": None},
        ),
        (
            CategoryOutcomeUnknown(UUID(int=7), "account"),
            f"it is unknown whether stream {UUID(int=7)} has been given the category 'account'",
            "categorise it again; a category that it has already is recognised",
            {"stream_id": UUID(int=7), "category": "account"},
        ),
        (
            CategoriesMissing("bank.events", 1),
            "bank.events: it has no column for categories yet",
            "migrate it with `await store.create_schema()` or the command "
            "`event-store schema migrate`",
            {"table": "bank.events", "found": 1, "needed": 1},
        ),
    ],
    ids=["another", "none", "unknown", "no column"],
)
def test_errors_about_categories_have_their_facts(
    error: EventStoreError, text: str, hint: str | None, facts: dict[str, object]
) -> None:
    for each in (error, pickle.loads(pickle.dumps(error))):
        assert (each.message, each.hint) == (text, hint)
        assert {name: getattr(each, name) for name in facts} == facts
