"""The links of an entry, packed: none is changed by it."""

from uuid import UUID, uuid4

import pytest

from event_store_async.cassandra.feed.entry import Entry, Link, Links

A, B = uuid4(), UUID(int=0)
MANY = [Link(uuid4(), number + 1, number % 7 + 1, f"type {number % 3}") for number in range(1000)]


@pytest.mark.parametrize(
    "links",
    [
        [],
        [Link(A, 1, 1)],
        [Link(A, 1, 2, "opened"), Link(B, 1, 1, "opened")],
        [Link(A, 2**31, 2, ["opened", None], "account"), Link(A, 7, 1, "opened", "account")],
        [Link(A, 1, 2, ["a", "b"]), Link(B, 1, 2, ["a", "b"]), Link(A, 3, 1, None, "c")],
        MANY,
    ],
    ids=["none", "one", "alike", "categories", "lists of types", "many"],
)
def test_links_are_the_same_packed_and_stored(links: list[Link]) -> None:
    packed = Links.of(links)

    assert list(packed) == links
    assert len(packed) == len(links)
    assert packed[:2] == links[:2]
    assert list(Links.from_text(packed.as_text())) == links
    assert Entry(1, 1, packed, 0).events == sum(link.events for link in links)
    for stream_id in {link.stream_id for link in links}:
        last = max(link.last for link in links if link.stream_id == stream_id)
        assert packed.heads[stream_id.int] == last


@pytest.mark.parametrize("skipped", range(7))
def test_links_are_found_after_so_many_events(skipped: int) -> None:
    links = [Link(A, 1, 2), Link(B, 1, 1), Link(A, 3, 3)]

    found = list(Links.of(links).after(skipped))

    before = [0, 2, 3]
    expected = [
        (link, at) for link, at in zip(links, before, strict=True) if at + link.events > skipped
    ]
    assert found == expected
