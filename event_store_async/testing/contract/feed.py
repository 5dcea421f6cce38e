"""
The contract of a feed: every event once, in a legal order, whoever reads and whoever appends.

Its rules have names, F1 to F15, and so have the tests.
"""

from .feed_delivery import FeedDelivery
from .feed_position import FeedPositions
from .feed_refusals import FeedRefusals
from .feed_telemetry import FeedTelemetry


class FeedContract(FeedDelivery, FeedPositions, FeedRefusals, FeedTelemetry):
    """
    The promises of `FeedReader` and of `Feed`, for a store with a feed.

    A subclass provides what one of `EventStoreContract` does: the fixture ``store``, a store with a
    feed that may hold the events of other tests, and, if it `opens_others`, the method `reopened`.
    If it `is_monitored`, what it reports of the feed is tested as well.
    """
