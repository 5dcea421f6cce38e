"""The version of Cassandra that is asked for."""

import pickle
from pathlib import Path
from typing import Any

import pytest

from event_store_async import InvalidArgument
from event_store_async.embedded import Background, EmbeddedCassandra, VersionNotLocked
from event_store_async.embedded.jars import locked_versions
from event_store_async.embedded.releases import VARIABLE, Release, find_release


@pytest.fixture(autouse=True)
def unset(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv(VARIABLE, raising=False)


@pytest.mark.parametrize(
    ("asked", "release"),
    [
        ("4.1", Release("4.1.10", java=11)),
        ("4.1.10", Release("4.1.10", java=11)),
        ("5.0", Release("5.0.8", java=17)),
        ("5.0.8", Release("5.0.8", java=17)),
        (None, Release("5.0.8", java=17)),
    ],
)
def test_a_release_is_named_by_its_version_or_series(asked: str | None, release: Release) -> None:
    assert find_release(asked) == release
    assert EmbeddedCassandra(version=asked).version == release.version


def test_every_lock_file_names_a_release_of_its_own_series() -> None:
    series = [version.rpartition(".")[0] for version in locked_versions()]

    assert [find_release(one).version for one in series] == locked_versions()


def test_the_variable_names_the_version_unless_one_is_given(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv(VARIABLE, "4.1")

    assert EmbeddedCassandra().version == "4.1.10"
    assert EmbeddedCassandra(version="5.0").version == "5.0.8"


def test_an_empty_variable_counts_as_not_set(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(VARIABLE, "")

    assert EmbeddedCassandra().version == "5.0.8"


@pytest.mark.parametrize("asked", ["4", "4.1.", "4.1.9", "4.0", "5.1", "", "latest", "../5.0.8"])
async def test_an_unknown_version_is_refused_with_those_there_are(
    tmp_path: Path, asked: str
) -> None:
    for refused in (find_release, lambda version: EmbeddedCassandra(version=version)):
        with pytest.raises(InvalidArgument, match=r"4\.1\.10, 5\.0\.8") as caught:
            refused(asked)
        assert isinstance(caught.value, VersionNotLocked)
        assert (caught.value.version, caught.value.known) == (asked, ["4.1.10", "5.0.8"])
    with pytest.raises(VersionNotLocked):
        await Background(tmp_path / "here").start(version=asked)
    assert not (tmp_path / "here").exists()


def test_an_unknown_version_of_the_variable_is_refused_with_its_name(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv(VARIABLE, "3.11")

    with pytest.raises(VersionNotLocked, match=r"3\.11, which EVENT_STORE_CASSANDRA names"):
        EmbeddedCassandra()


@pytest.mark.parametrize("asked", [4.1, 5, b"5.0", ["5.0"], True])
def test_a_version_that_is_no_text_is_refused(asked: Any) -> None:
    with pytest.raises(InvalidArgument, match="must be a str"):
        EmbeddedCassandra(version=asked)


def test_the_error_can_be_pickled() -> None:
    error = VersionNotLocked("3.11", ["4.1.10", "5.0.8"])
    copy = pickle.loads(pickle.dumps(error))

    assert (str(copy), vars(copy)) == (str(error), vars(error))
    assert (copy.message, copy.hint) == (
        "there is no lock file for Cassandra 3.11",
        "use one of these versions: 4.1.10, 5.0.8",
    )
