"""The pages of the console, by the names that their pictures have."""

from collections.abc import Callable, Mapping
from typing import Final

from .sample import ABANDONED, HOLDING, PARKED, PAUSED, Sample

PAGES: Final[Mapping[str, Callable[[Sample], str]]] = {
    "overview": lambda _: "/",
    "streams": lambda _: "/streams",
    "stream": lambda shop: f"/streams/{shop.orders[0]}",
    "stream-forward": lambda shop: f"/streams/{shop.account}?order=forward&from=600",
    "stream-truncated": lambda shop: f"/streams/{shop.truncated}",
    "stream-closed": lambda shop: f"/streams/{shop.closed}",
    "stream-deleted": lambda shop: f"/streams/{shop.deleted}",
    "stream-personal": lambda shop: f"/streams/{shop.customer}",
    "stream-plain": lambda shop: f"/streams/{shop.plain}",
    "stream-large": lambda shop: f"/streams/{shop.large}",
    "event": lambda shop: f"/streams/{shop.orders[0]}/2",
    "event-large": lambda shop: f"/streams/{shop.large}/1",
    "feed": lambda _: "/feed",
    "feed-narrowed": lambda _: "/feed?category=order&type=order-sent",
    "categories": lambda _: "/categories",
    "chain": lambda _: "/chains/request-2",
    "subscriptions": lambda _: "/subscriptions",
    "subscription": lambda _: f"/subscriptions/{PARKED}",
    "subscription-paused": lambda _: f"/subscriptions/{PAUSED}",
    "subscription-abandoned": lambda _: f"/subscriptions/{ABANDONED}",
    "subscription-holding": lambda _: f"/subscriptions/{HOLDING}",
    "parked": lambda _: f"/subscriptions/{PARKED}/parked",
    "parked-stream": lambda shop: f"/subscriptions/{PARKED}/parked/{shop.orders[3]}",
    "skipped": lambda _: f"/subscriptions/{PARKED}/skipped",
    "replay": lambda shop: f"/subscriptions/{PARKED}/parked/{shop.orders[3]}/replay",
    "replay-all": lambda _: f"/subscriptions/{PARKED}/replay",
    "skip": lambda shop: f"/subscriptions/{PARKED}/parked/{shop.orders[3]}/skip",
    "pause": lambda _: f"/subscriptions/{PARKED}/pause",
    "resume": lambda _: f"/subscriptions/{PAUSED}/resume",
}
"""The path of each page, in a store that is a sample."""

FAULTS: Final[Mapping[str, tuple[int, str]]] = {
    "fault-unknown": (404, "/no-such-page"),
    "fault-stream": (404, "/streams/not-a-uuid"),
    "fault-event": (404, "/streams/00000000-0000-4000-8000-000000000000/7"),
    "fault-version": (400, "/streams/00000000-0000-4000-8000-000000000000?from=x"),
    "fault-subscription": (404, "/subscriptions/no-such-one"),
}
"""Pages of what is not there: the status and the path of each."""

EMPTY: Final[Mapping[str, str]] = {
    "empty-overview": "/",
    "empty-streams": "/streams",
    "empty-feed": "/feed",
    "empty-categories": "/categories",
    "empty-subscriptions": "/subscriptions",
}
"""Pages of an empty store: the path of each."""
