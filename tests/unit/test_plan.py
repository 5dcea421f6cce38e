"""What the server's answers to a plan mean, ScyllaDB's shape among them."""

from datetime import UTC, datetime
from typing import Any, Literal, cast
from uuid import UUID, uuid4

import pytest

from event_store_async import JsonCodec, NewEvent, Settings
from event_store_async.cassandra.append.plan import AppendPlan, Verdict, append_plan
from event_store_async.cassandra.driver.answer import answer_of
from event_store_async.cassandra.driver.port import Page, Prepared
from event_store_async.cassandra.schema.statements import AppendStatements, EventStatement
from event_store_async.cassandra.table.restorer import RestorePlan
from event_store_async.encoding import encode_events
from event_store_async.stored import StoredEvent

STREAM, MINE, THEIRS = uuid4(), uuid4(), uuid4()


@pytest.fixture
def plan() -> AppendPlan:
    """Give a plan for one event at version 8."""
    return plan_of(7, NewEvent("a", event_id=MINE))


PREPARED = AppendStatements(
    cast("Prepared", "head"),
    EventStatement(cast("Prepared", "first"), cast("Prepared", "bare first")),
    EventStatement(cast("Prepared", "rest"), cast("Prepared", "bare rest")),
    EventStatement(cast("Prepared", "announced"), cast("Prepared", "bare announced")),
)


def plan_of(expected: int, *events: Any) -> AppendPlan:
    encoded = encode_events(events, JsonCodec(), Settings())
    now = datetime(2026, 1, 1, tzinfo=UTC)
    return append_plan(PREPARED, STREAM, expected, encoded, now, expected)


def page(*rows: dict[str, Any]) -> Page:
    columns = tuple(rows[0])
    return Page(columns, [tuple(row[name] for name in columns) for row in rows], None)


def row(
    applied: bool, version: int | None, max_version: int | None, event_id: UUID | None
) -> dict[str, Any]:
    return {
        "[applied]": applied,
        "stream_id": str(STREAM),
        "version": version,
        "event_id": None if event_id is None else str(event_id),
        "max_version": max_version,
    }


@pytest.mark.parametrize(
    ("answer", "name", "actual"),
    [
        (page({"[applied]": True}), "applied", 0),
        (page({"[applied]": False}), "conflict", 0),
        (page(row(False, 8, 9, THEIRS)), "conflict", 9),
        (page(row(False, 8, 8, MINE)), "found", 8),
        (page(row(False, None, 5, None)), "conflict", 5),
        # ScyllaDB: a row a statement, the head's without a version, old values on success too
        (page(row(False, None, 9, None), row(False, 8, 9, THEIRS)), "conflict", 9),
        (page(row(False, None, 9, None), row(False, 8, None, MINE)), "found", 9),
        (page(row(True, None, 7, None), row(True, 8, 7, None)), "applied", 0),
        (page(row(False, None, None, None), row(False, 8, None, None)), "conflict", 0),
    ],
)
def test_answers(
    plan: AppendPlan, answer: Page, name: Literal["applied", "found", "conflict"], actual: int
) -> None:
    assert plan.verdict(answer_of(answer), doubtful=False) == Verdict(name, actual, doubtful=False)


@pytest.mark.parametrize(
    ("answer", "name"),
    [
        (page({"[applied]": True}), "applied"),
        (page(row(False, 8, 8, MINE)), "found"),
        # Above the expected version an earlier request can never apply; below it, it still may.
        (page(row(False, 8, 9, THEIRS)), "conflict"),
        (page(row(False, None, 6, None)), "behind"),
        (page({"[applied]": False}), "behind"),
    ],
)
def test_answers_after_a_request_in_doubt(plan: AppendPlan, answer: Page, name: str) -> None:
    verdict = plan.verdict(answer_of(answer), doubtful=True)

    assert (verdict.name, verdict.doubtful) == (name, True)


def test_the_head_of_a_new_stream_is_bound_to_null_and_never_to_zero() -> None:
    batch = list(plan_of(0, "a", "b").statements())

    assert [str(name) for name, _ in batch] == ["head", "bare first", "bare rest"]
    assert batch[0][1] == (2, STREAM, None)
    assert [values[-1] for _, values in batch[1:]] == [1, 2]


# Categories


def categorised(expected: int) -> AppendPlan:
    encoded = encode_events([NewEvent("a", event_id=MINE)], JsonCodec(), Settings())
    now = datetime(2026, 1, 1, tzinfo=UTC)
    return append_plan(PREPARED, STREAM, expected, encoded, now, expected, None, "account")


def seen(category: str | None, version: int | None, event_id: UUID | None = None) -> dict[str, Any]:
    return {**row(False, None if event_id is None else 8, version, event_id), "category": category}


@pytest.mark.parametrize("doubtful", [False, True])
@pytest.mark.parametrize(
    ("answer", "name", "in_doubt"),
    [
        (page(seen("account", 9)), "conflict", "conflict"),
        (page(seen("account", 8, MINE)), "found", "found"),
        (page(seen("account", 5)), "conflict", "behind"),
        (page(seen(None, None)), "conflict", "behind"),
        # Another category is for ever, so no attempt can apply, wherever the stream is.
        (page(seen("order", 9)), "wrong category", "wrong category"),
        (page(seen("order", 7)), "wrong category", "wrong category"),
        (page(seen("order", 5)), "wrong category", "wrong category"),
        (page(seen("order", 8, MINE)), "wrong category", "wrong category"),
        # A stream without one may get it: then an attempt applies, unless the stream is beyond.
        (page(seen(None, 9)), "wrong category", "wrong category"),
        (page(seen(None, 7)), "wrong category", "behind"),
        (page(seen(None, 5)), "wrong category", "behind"),
        # ScyllaDB: a row a statement; the second one does not name the static columns
        (page(seen("order", 9), {**seen(None, None), "version": 8}), *["wrong category"] * 2),
        (page(seen("account", 9), seen(None, None, MINE)), "found", "found"),
    ],
)
def test_answers_to_a_plan_in_a_category(
    answer: Page, name: str, in_doubt: str, doubtful: bool
) -> None:
    verdict = categorised(7).verdict(answer_of(answer), doubtful=doubtful)

    assert verdict.name == (in_doubt if doubtful else name)
    if verdict.name == "wrong category":
        assert verdict.actual_category in {"order", None}


def test_a_new_stream_must_have_no_category_and_an_older_one_that_of_the_plan() -> None:
    (_, new), *_ = categorised(0).statements()
    (_, older), *_ = categorised(7).statements()

    assert new == (1, "account", STREAM, None, None)
    assert older == (8, "account", STREAM, 7, "account")


def test_the_stream_of_a_restored_event_is_a_plain_uuid() -> None:
    """It is announced as JSON, which takes no subclass."""

    class ForeignId(UUID):
        pass

    event = StoredEvent(ForeignId(int=STREAM.int), 1, b"{}", 0)

    plan = RestorePlan(PREPARED, [event])
    assert (type(plan.stream_id), plan.stream_id) == (UUID, STREAM)
