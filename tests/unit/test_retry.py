"""Retries: pauses that grow, and no attempt after the deadline."""

from event_store_async import Backoff
from event_store_async.cassandra.driver.answer import answer_of
from event_store_async.cassandra.driver.port import Page
from event_store_async.retry import SHORTEST_ATTEMPT, Deadline, Retry


async def test_a_retry_knows_whether_an_attempt_was_made() -> None:
    retry = Retry(Backoff(initial=0.001), Deadline(60))

    assert (retry.again, retry.allows()) == (False, True)
    await retry.pause()
    assert retry.again


async def test_the_pause_that_was_judged_is_the_pause_that_is_made() -> None:
    drawn: list[float] = []

    def random() -> float:
        drawn.append(0.0)
        return 0.0

    retry = Retry(Backoff(initial=0.0, random=random), Deadline(60))

    for _ in range(3):
        assert retry.allows()
        assert retry.allows()
        await retry.pause()

    assert len(drawn) == 3


def test_there_must_be_time_for_the_pause_and_an_attempt() -> None:
    backoff = Backoff(initial=10.0, maximum=10.0, random=lambda: 1.0)

    assert Retry(backoff, Deadline(10.0 + 2 * SHORTEST_ATTEMPT)).allows()
    assert not Retry(backoff, Deadline(10.0)).allows()


def test_the_first_row_of_an_answer_has_the_verdict() -> None:
    """ScyllaDB sends one row for each statement of a batch."""
    columns = ("[applied]", "max_version")

    cassandra = answer_of(Page(("[applied]",), [(True,)], None))
    scylla = answer_of(Page(columns, [(False, None), (False, 3)], None))

    assert cassandra.applied
    assert not scylla.applied
    assert [row["max_version"] for row in scylla.rows] == [None, 3]
