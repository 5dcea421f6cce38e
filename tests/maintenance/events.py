"""Strategies for stored events: everything a row can hold."""

from hypothesis import strategies as st

from event_store_async.maintenance import StoredEvent
from event_store_async.moments import MAX_TIMESTAMP, MIN_TIMESTAMP
from event_store_async.versions import MAX_VERSION

BYTES = st.one_of(
    st.binary(max_size=60),
    st.text(max_size=60).map(str.encode),
    st.sampled_from([b"", b"\x00", b"\n", b'{"a":1}', b'{"a": 1.0}', b"\xed\xa0\x80", b"\xff" * 9]),
)
TEXTS = st.text(st.characters(exclude_categories=["Cs"]), max_size=30)

EVENTS = st.builds(
    StoredEvent,
    st.uuids(),
    st.integers(1, MAX_VERSION),
    st.none() | BYTES,
    st.none() | st.integers(MIN_TIMESTAMP, MAX_TIMESTAMP),
    st.none() | st.uuids(),
    st.none() | TEXTS,
    st.none() | TEXTS,
    st.none() | BYTES,
)
