"""
Feeds: one log of all committed events of all streams, read page by page.

    position     a place in a feed
    selection    which events are wanted
    page         a page, and the events on it
    reader       the port: what a store gives
    follower     the events that are there, and those that come
    feed         what applications hold
    wrapped_reader  what readers around another one share
"""

from .feed import Feed
from .page import BrokenEvent, FeedEvent, FeedPage
from .position import Position
from .reader import FeedReader
from .selection import Selection

__all__ = ["BrokenEvent", "Feed", "FeedEvent", "FeedPage", "FeedReader", "Position", "Selection"]
