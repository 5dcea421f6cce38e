"""What every error of the library carries: its message, its hint, and both through a pickle."""

import pickle
from uuid import UUID

import pytest

from event_store_async import ConcurrentModification, EventStoreError, SchemaMissing


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
