"""Lines: every event comes back from its line, bit for bit; what is not a line is refused."""

import json
from uuid import UUID, uuid4

import pytest
from hypothesis import given

from event_store_async.archive.lines import (
    ArchiveEnd,
    Header,
    StreamEnd,
    read_line,
    write_line,
)
from event_store_async.maintenance import StoredEvent

from ..maintenance.events import EVENTS

STREAM = UUID("00000000-0000-4000-8000-000000000001")
DIGEST = "0" * 63 + "a"


@given(EVENTS)
def test_an_event_comes_back_bit_for_bit(event: StoredEvent) -> None:
    line = write_line(event)

    assert read_line(line) == event
    assert line.count(b"\n") == 1
    assert line.endswith(b"\n")
    assert json.loads(line)["version"] == event.version, "other programs can read it, too"


@pytest.mark.parametrize(
    "line",
    [
        Header(uuid4(), "bank.events", "2026-11-25T02:00:00+00:00"),
        StreamEnd(uuid4(), 5, DIGEST),
        ArchiveEnd(0, 0, DIGEST),
    ],
)
def test_the_other_lines_come_back(line: Header | StreamEnd | ArchiveEnd) -> None:
    assert read_line(write_line(line)) == line


def test_json_is_not_touched() -> None:
    """As a JSON value it would come back with other spaces, other numbers, or not at all."""
    for payload in (b'{"a": 1.0e2}', b"99999999999999999999999", b'{"a":1,"a":2}', b" [1 ]"):
        line = write_line(StoredEvent(STREAM, 1, payload, 0))

        assert json.loads(line)["payload"] == payload.decode()


@pytest.mark.parametrize(
    ("line", "reason"),
    [
        ("", "not JSON"),
        ("[]", "not a JSON object"),
        ("{", "not JSON"),
        ('{"format":"another"}', "not a file of exported events"),
        ('{"format":"event-store-archive","format_version":2}', "newer than this program"),
        ('{"format":"event-store-archive","format_version":"1"}', "whole number"),
        ('{"stream":"no","version":1}', "'stream' is missing or wrong"),
        ('{"version":1}', "'stream' is missing or wrong: None"),
        (f'{{"stream":"{STREAM}","version":0}}', "'version' must be 1 to"),
        (f'{{"stream":"{STREAM}","version":true}}', "whole number"),
        (f'{{"stream":"{STREAM}","version":2147483648}}', "'version' must be 1 to 2147483647"),
        (
            f'{{"stream":"{STREAM}","version":1,"timestamp":{-(2**63)}}}',
            "'timestamp' must be -62135596800000 to 253402300799999",
        ),
        (f'{{"stream":"{STREAM}","version":1,"timestamp":253402300800000}}', "'timestamp' must"),
        (f'{{"stream":"{STREAM}","version":1,"payload":{{}}}}', "'payload' is missing or wrong"),
        (
            f'{{"stream":"{STREAM}","version":1,"payload_base64":"%"}}',
            "'payload_base64' is",
        ),
        (f'{{"stream":"{STREAM}","version":1,"payload":"","payload_base64":""}}', "twice"),
        (f'{{"stream":"{STREAM}","version":1,"colour":"red"}}', "unknown fields: colour"),
        (f'{{"stream":"{STREAM}","events":1,"digest":"a"}}', "'digest' is missing or wrong"),
        (
            f'{{"stream":"{STREAM}","version":1,"payload":"1","payload":"2"}}',
            "an object has the key 'payload' twice",
        ),
        (
            f'{{"streams":1,"events":1,"digest":"{DIGEST}","\\u0065vents":1}}',
            "an object has the key 'events' twice",
        ),
        (f'{{"streams":-1,"events":1,"digest":"{DIGEST}"}}', "'streams' must be 0 to"),
    ],
)
def test_what_is_not_a_line_is_refused_with_the_reason(line: str, reason: str) -> None:
    with pytest.raises(ValueError, match=reason):
        read_line(line.encode())
