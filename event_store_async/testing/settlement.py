"""Settlement: several subscriptions, one after the other, until nobody appends any more."""

from ..checks import check_instance, check_int
from ..errors import InvalidArgument
from ..subscriptions import SubscriptionRunner


class NotSettled(AssertionError):
    """
    Subscriptions went on appending: they feed each other.

    Attributes:
        names: The subscriptions during whose turns the feed grew last.
    """

    def __init__(self, names: tuple[str, ...], rounds: int) -> None:
        super().__init__(
            f"after {rounds} rounds, these subscriptions still append: {', '.join(names)}"
        )
        self.names = names


async def settle(*runners: SubscriptionRunner, rounds: int = 100) -> None:
    """
    Let subscriptions catch up in turn, until the feed stands still.

    For tests of flows: there is one task, and no clock. What is parked, stays so.

    Use it on a `MemoryEventStore`. On Cassandra, an append is in the feed a moment later, so the
    feed may seem to stand still too early. There, `run` the subscriptions, and wait for an outcome.

    Args:
        runners: The subscriptions and projections.
        rounds: How often each of them may have its turn.

    Raises:
        NotSettled: the feed still grew in the last round.
        InvalidArgument: an argument is not valid.
        EventStoreError: as `SubscriptionRunner.catch_up` does.
    """
    if not runners:
        raise InvalidArgument("give at least one Subscription or Projection")
    for each in runners:
        check_instance("each of runners", each, SubscriptionRunner, "a Subscription or Projection")
    check_int("rounds", rounds, at_least=1)
    names: tuple[str, ...] = ()
    for _ in range(rounds):
        appending = []
        for runner in runners:
            before = await runner.feed.head()
            await runner.catch_up()
            if await runner.feed.head() != before:
                appending.append(runner.name)
        names = tuple(appending)
        if not names:
            return
    raise NotSettled(names, rounds)
