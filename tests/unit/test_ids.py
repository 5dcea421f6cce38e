"""Ids are what the standard library's own constructors make."""

import pickle
import time
from uuid import RFC_4122, UUID, SafeUUID, uuid4

import pytest
from hypothesis import given
from hypothesis import strategies as st

from event_store_async.ids import ordered_uuid, parse_uuid, parse_uuids, random_uuid


@given(st.uuids())
def test_text_is_parsed_as_the_standard_library_does(expected: UUID) -> None:
    for text in (str(expected), expected.hex, str(expected).upper()):
        parsed = parse_uuid(text)

        assert (parsed, hash(parsed), str(parsed)) == (expected, hash(expected), str(expected))
        assert parsed.is_safe is SafeUUID.unknown
        assert pickle.loads(pickle.dumps(parsed)) == expected


@given(st.lists(st.uuids()))
def test_texts_are_parsed_together_as_one_by_one(expected: list[UUID]) -> None:
    for texts in (list(map(str, expected)), [each.hex for each in expected]):
        parsed = parse_uuids(texts)

        assert parsed == expected
        assert list(map(repr, parsed)) == list(map(repr, expected))
        assert all(type(each) is UUID and each.is_safe is SafeUUID.unknown for each in parsed)


def test_random_ids_are_of_version_four_and_differ() -> None:
    ids = {random_uuid() for _ in range(1000)}

    assert len(ids) == 1000
    assert {(it.version, it.variant) for it in ids} == {(4, uuid4().variant)}
    assert all(UUID(str(it)) == it for it in ids)


def test_an_id_cannot_be_changed() -> None:
    with pytest.raises(TypeError):
        random_uuid().int = 1  # type: ignore[misc]


@pytest.mark.parametrize("text", ["", "not an id"])
def test_what_is_no_id_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match="invalid literal"):
        parse_uuid(text)


def test_ordered_ids_rise_and_tell_when_they_were_made() -> None:
    before = time.time_ns() // 1_000_000
    ids = [ordered_uuid() for _ in range(10_000)]
    after = time.time_ns() // 1_000_000

    assert ids == sorted(set(ids))
    assert {(each.version, each.variant) for each in ids} == {(7, RFC_4122)}
    assert before <= ids[0].int >> 80 <= ids[-1].int >> 80 <= after + 10
