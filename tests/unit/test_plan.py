"""What the server's answers to a plan mean, ScyllaDB's shape among them."""

from datetime import UTC, datetime
from typing import Any
from uuid import UUID, uuid4

import pytest

from event_store_async import JsonCodec, NewEvent, Settings
from event_store_async.cassandra.append.plan import Answer, Plan
from event_store_async.cassandra.driver.port import Page
from event_store_async.encoding import encode_events

STREAM, MINE, THEIRS = uuid4(), uuid4(), uuid4()


@pytest.fixture
def plan() -> Plan:
    """Give a plan for one event at version 8."""
    drafts = encode_events([NewEvent("a", event_id=MINE)], JsonCodec(), Settings())
    return Plan(STREAM, 7, drafts, datetime(2026, 1, 1, tzinfo=UTC))


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
    ("answer", "expected"),
    [
        (page({"[applied]": True}), Answer(True)),
        (page({"[applied]": False}), Answer(False, 0, None)),
        (page(row(False, 8, 9, THEIRS)), Answer(False, 9, THEIRS)),
        (page(row(False, 8, 8, MINE)), Answer(False, 8, MINE)),
        (page(row(False, None, 5, None)), Answer(False, 5, None)),
        # ScyllaDB: a row a statement, the head's without a version, old values on success too
        (page(row(False, None, 9, None), row(False, 8, 9, THEIRS)), Answer(False, 9, THEIRS)),
        (page(row(False, None, 9, None), row(False, 8, None, MINE)), Answer(False, 9, MINE)),
        (page(row(True, None, 7, None), row(True, 8, 7, None)), Answer(True)),
        (page(row(False, None, None, None), row(False, 8, None, None)), Answer(False, 0, None)),
    ],
)
def test_answers(plan: Plan, answer: Page, expected: Answer) -> None:
    assert plan.read_answer(answer) == expected


def test_the_head_of_a_new_stream_is_bound_to_null_and_never_to_zero() -> None:
    from typing import cast

    from event_store_async.cassandra.schema.statements import AppendStatements

    drafts = encode_events(["a", "b"], JsonCodec(), Settings())
    first = Plan(STREAM, 0, drafts, datetime(2026, 1, 1, tzinfo=UTC))
    prepared = cast("Any", AppendStatements)("head", "first", "rest")

    batch = list(first.statements(prepared))

    assert [str(name) for name, _ in batch] == ["head", "first", "rest"]
    assert batch[0][1] == (2, STREAM, None)
    assert [values[-1] for _, values in batch[1:]] == [1, 2]
