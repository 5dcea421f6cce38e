"""The interval between polls grows, shrinks, and stays within its bounds."""

from hypothesis import given
from hypothesis import strategies as st

from event_store_async.cli.interval import Interval


def test_it_grows_while_nothing_arrives_and_shrinks_when_something_does() -> None:
    interval = Interval(0.1, 5.0)
    seconds = [interval.seconds]
    for _ in range(20):
        interval.nothing_arrived()
        seconds.append(interval.seconds)

    assert seconds == sorted(seconds)
    assert (seconds[0], seconds[1] > seconds[0], seconds[-1]) == (0.1, True, 5.0)
    interval.something_arrived()
    assert 0.1 < interval.seconds < 5.0
    for _ in range(20):
        interval.something_arrived()
    assert interval.seconds == 0.1


def test_a_failure_sets_it_to_the_maximum() -> None:
    interval = Interval(0.1, 5.0)
    interval.failed()

    assert interval.seconds == 5.0


@given(
    st.floats(0.01, 10.0),
    st.floats(0.01, 10.0),
    st.lists(st.sampled_from(["nothing_arrived", "something_arrived", "failed"])),
)
def test_it_stays_within_its_bounds(shortest: float, longest: float, came: list[str]) -> None:
    interval = Interval(shortest, longest)
    for name in came:
        getattr(interval, name)()

        assert shortest <= interval.seconds <= max(shortest, longest)
