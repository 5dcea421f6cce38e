"""
Private. Following one stream as it grows, on `EventReader.read_events` alone.

    polling    how often the store is asked: `Polling`, which the package exports
    wakeups    ends the waits of followers early
    follower   the iterator that `StreamFollower.follow` returns
"""

from .follower import Follower, Mapped
from .polling import Polling
from .wakeups import Wakeups

__all__ = ["Follower", "Mapped", "Polling", "Wakeups"]
