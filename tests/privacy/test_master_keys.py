"""Master keys: they wrap the keys of subjects, each for its subject and id only."""

import traceback
from base64 import b64encode
from pathlib import Path
from typing import Any
from uuid import UUID, uuid4

import pytest

from event_store_async.errors import InvalidArgument, InvalidKey, MasterKeyMissing
from event_store_async.ports import KeyWrapper
from event_store_async.privacy import MasterKeys, SubjectKey, WrappedKey

KEY = SubjectKey("c-1", UUID(int=7), bytes(range(32)))
OLD, NEW = b"o" * 32, b"n" * 32


def text(secret: bytes) -> str:
    return b64encode(secret).decode()


async def test_a_key_is_wrapped_and_unwrapped() -> None:
    masters: KeyWrapper = MasterKeys({"2026": NEW})
    wrapped = await masters.wrap(KEY)

    assert masters.master == wrapped.master == "2026"
    assert KEY.secret not in wrapped.data
    assert (await masters.wrap(KEY)).data != wrapped.data
    assert await masters.unwrap("c-1", UUID(int=7), wrapped) == KEY
    assert await MasterKeys({"2026": NEW}).unwrap("c-1", UUID(int=7), wrapped) == KEY


async def test_old_master_keys_unwrap_and_the_current_one_wraps() -> None:
    old = await MasterKeys({"2025": OLD}).wrap(KEY)
    masters = MasterKeys({"2025": OLD, "2026": NEW}, current="2026")

    assert await masters.unwrap("c-1", KEY.id, old) == KEY
    assert (await masters.wrap(KEY)).master == "2026"
    assert masters.names == ("2025", "2026")
    with pytest.raises(MasterKeyMissing) as caught:
        await MasterKeys({"2026": NEW}).unwrap("c-1", KEY.id, old)
    assert (caught.value.subject, caught.value.master) == ("c-1", "2025")


async def test_a_wrapped_key_is_valid_for_its_subject_and_id_only() -> None:
    masters = MasterKeys({"2025": OLD, "2026": OLD}, current="2026")
    wrapped = await masters.wrap(KEY)

    for subject, key_id, given in (
        ("c-2", KEY.id, wrapped),
        ("c-1", uuid4(), wrapped),
        ("c-1", KEY.id, WrappedKey("2025", wrapped.data)),
        ("c-1", KEY.id, WrappedKey("2026", wrapped.data[:-1])),
        ("c-1", KEY.id, WrappedKey("2026", b"")),
        ("c-1", KEY.id, WrappedKey("2026", b"\x02" + wrapped.data[1:])),
    ):
        with pytest.raises(InvalidKey) as caught:
            await masters.unwrap(subject, key_id, given)
        assert caught.value.subject == subject


async def test_a_key_of_another_length_is_not_valid() -> None:
    masters = MasterKeys({"2026": NEW})
    wrapped = await masters.wrap(SubjectKey("c-1", KEY.id, b"short"))
    with pytest.raises(InvalidKey, match="5 bytes"):
        await masters.unwrap("c-1", KEY.id, wrapped)


async def test_they_are_read_from_a_file(tmp_path: Path) -> None:
    file = tmp_path / "masters"
    file.write_text(f"# the first one is current\n\n2026: {text(NEW)}\n 2025:{text(OLD)} \n")
    masters = MasterKeys.from_file(file)

    assert (masters.master, masters.names) == ("2026", ("2026", "2025"))
    old = await MasterKeys({"2025": OLD}).wrap(KEY)
    assert await MasterKeys.from_file(str(file)).unwrap("c-1", KEY.id, old) == KEY


async def test_they_are_read_from_the_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("EVENT_STORE_MASTER_KEYS", f"2026:{text(NEW)}, 2025:{text(OLD)}\n")
    assert MasterKeys.from_environment().names == ("2026", "2025")
    monkeypatch.setenv("MINE", MasterKeys.generate("mine"))
    assert MasterKeys.from_environment("MINE").master == "mine"
    monkeypatch.delenv("MINE")
    with pytest.raises(InvalidArgument, match="'MINE' is not set"):
        MasterKeys.from_environment("MINE")


def test_each_that_is_generated_is_another() -> None:
    lines = {MasterKeys.generate("2026") for _ in range(10)}
    assert len(lines) == 10
    assert all(line.startswith("2026:") for line in lines)


SECRET = "c2VjcmV0LXNlY3JldA=="


@pytest.mark.parametrize(
    "content",
    [
        "",
        "# nothing\n",
        SECRET,
        f"2026:{SECRET}",
        f"2026:{text(NEW)}x",
        "2026:???",
        ":",
        f"2026:{text(NEW)}\n2026:{text(OLD)}",
        f":{text(NEW)}",
        f"a b:{text(NEW)}",
    ],
)
def test_what_is_no_file_of_keys_is_refused_and_not_shown(tmp_path: Path, content: str) -> None:
    file = tmp_path / "masters"
    file.write_text(content)
    with pytest.raises(InvalidArgument) as caught:
        MasterKeys.from_file(file)
    assert SECRET not in str(caught.value)
    assert text(NEW) not in str(caught.value)


@pytest.mark.parametrize("given", ["2026:{}", "{}", "2026:{}\n2025:{}\n", "/{}\0"])
def test_keys_that_are_given_as_the_file_are_not_shown(
    given: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    key = text(NEW)
    for read in (MasterKeys.from_file, MasterKeys.from_environment):
        with pytest.raises(InvalidArgument) as caught:
            read(given.replace("{}", key))
        shown = "".join(traceback.format_exception(caught.value))
        assert key not in shown
        assert key[:20] not in shown.replace("\n", "")


def test_a_file_of_keys_in_another_encoding_is_named(tmp_path: Path) -> None:
    line = MasterKeys.generate("2026")
    (tmp_path / "marked").write_bytes(line.encode("utf-8-sig"))
    (tmp_path / "wide").write_bytes(line.encode("utf-16"))
    assert MasterKeys.from_file(tmp_path / "marked").master == "2026"
    with pytest.raises(InvalidArgument, match="UTF-16"):
        MasterKeys.from_file(tmp_path / "wide")


def test_a_file_that_cannot_be_read_is_an_argument(tmp_path: Path) -> None:
    wrong: Any = 7
    (tmp_path / "binary").write_bytes(b"\xff\xfe\x00")
    for path in (tmp_path / "none", tmp_path, tmp_path / "binary", wrong, "a\0b"):
        with pytest.raises(InvalidArgument):
            MasterKeys.from_file(path)


@pytest.mark.parametrize(
    ("keys", "current"),
    [
        ({}, None),
        (None, None),
        ([("a", NEW)], None),
        ({"a": b"short"}, None),
        ({"a": "x" * 32}, None),
        ({"": NEW}, None),
        ({7: NEW}, None),
        ({"a:b": NEW}, None),
        ({"a,b": NEW}, None),
        ({"a b": NEW}, None),
        ({"#a": NEW}, None),
        ({"a\n": NEW}, None),
        ({"x" * 201: NEW}, None),
        ({"a": NEW, "b": OLD}, None),
        ({"a": NEW}, "b"),
        ({"a": NEW}, 7),
    ],
    ids=lambda each: str(each)[:20],
)
def test_what_are_no_master_keys_is_refused_and_not_shown(keys: Any, current: Any) -> None:
    with pytest.raises(InvalidArgument) as caught:
        MasterKeys(keys, current=current)
    assert "short" not in str(caught.value)


async def test_bad_arguments_and_what_is_shown() -> None:
    wrong: Any = 7
    masters = MasterKeys({"2026": NEW})
    with pytest.raises(InvalidArgument):
        await masters.wrap(wrong)
    with pytest.raises(InvalidArgument):
        await masters.unwrap("c", KEY.id, wrong)
    with pytest.raises(InvalidArgument):
        MasterKeys.generate("a b")
    with pytest.raises(InvalidArgument):
        MasterKeys.from_environment(wrong)
    assert repr(masters) == "<MasterKeys 2026; current: 2026>"
