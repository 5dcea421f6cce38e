"""The kinds of violation of a feed."""

from enum import Enum


class FeedKind(Enum):
    """A kind of violation of what a feed promises; its value describes it."""

    FEED_SKIPPED = "a committed event is not in the feed"
    FEED_TWICE = "an event is in the feed twice"
    FEED_VERSIONS = "the events of a stream are not in the order of their versions"
    FEED_ORDER = "an append stands before an earlier one of its store, acknowledged when it began"
    FEED_PHANTOM = "the feed holds an event that is not in its stream"
    FEED_REFUSED = "the feed holds an event whose append was refused"
    FEED_FUTURE = "an event was delivered before its append began"
    FEED_GAP = "the positions of the feed are not dense"
    FEED_DIFFERENT = "a reader saw another order than the last reading shows"
    FEED_AGAIN = "a reader got an event at or before the position that it gave"
    FEED_PASSED = "a reader's position passed an event that was not delivered to it"
    FEED_UNWANTED = "a reader got an event that it had not selected"
    FEED_BEFORE = "the position that was given for an event is before it"
    FEED_BEYOND = "a reader was told of a position beyond the end of the feed"
    FEED_LATE = "an event reached the feed long after everything was quiet"
    FEED_STUCK = "a reader did not reach the end of the feed although everything was quiet"
    FEED_BROKEN = "a reader got an error that is not an outage"
    FEED_ALARM = "a process reported that something is wrong with the feed"
    FEED_UNPROVEN = "there is no last reading of the feed"
