"""The lock file of the jars, and their cache."""

import hashlib
import re
from importlib.resources import files
from pathlib import Path

import anyio
import pytest

from event_store_async.embedded import (
    JarMismatch,
    JarsUnavailable,
    VersionNotLocked,
    jar_cache,
)
from event_store_async.embedded.jar_cache import JarCache, cache_directory
from event_store_async.embedded.jars import (
    Jar,
    locked_jars,
    locked_versions,
    parse_lock,
)

from .traces import names

GOOD = "a" * 64


def jar(name: str, content: bytes = b"whole") -> Jar:
    return Jar("g", name, "1", "", len(content), hashlib.sha256(content).hexdigest())


def nothing(done: int, total: int) -> None: ...


def test_a_lock_names_jars_with_and_without_classifier() -> None:
    lock = f"# a comment\n\ng:a:1 12 {GOOD}\ng.h:b:2-x:linux 3 {GOOD}\n"

    assert parse_lock(lock) == [
        Jar("g", "a", "1", "", 12, GOOD),
        Jar("g.h", "b", "2-x", "linux", 3, GOOD),
    ]
    assert [jar.coordinate for jar in parse_lock(lock)] == ["g:a:1", "g.h:b:2-x:linux"]
    assert [jar.file_name for jar in parse_lock(lock)] == ["a-1.jar", "b-2-x-linux.jar"]


@pytest.mark.parametrize(
    "line",
    [
        "g:a:1 12",
        "g:a:1 12 abc",
        f"g:a 12 {GOOD}",
        f"g:a:1 many {GOOD}",
        f"g:a:1:c:d 1 {GOOD}",
        f"g:../a:1 1 {GOOD}",
    ],
)
def test_a_broken_lock_is_refused_with_the_line(line: str) -> None:
    with pytest.raises(ValueError, match="line 2 of the lock"):
        parse_lock(f"# head\n{line}")


@pytest.mark.parametrize(("version", "number"), [("4.1.10", 65), ("5.0.8", 100)])
def test_a_shipped_lock_is_complete(version: str, number: int) -> None:
    jars = locked_jars(version)
    server = f"org.apache.cassandra:cassandra-all:{version}"

    assert [jar for jar in jars if jar.coordinate == server]
    assert len({jar.file_name for jar in jars}) == len(jars) == number


def test_the_shipped_locks_name_no_host_and_no_path() -> None:
    for version in locked_versions():
        lock = files("event_store_async.embedded") / f"jars-{version}.lock"
        text = lock.read_text()

        assert not re.search(r"://|https?|www\.", text)
        assert "/" not in text


def test_a_version_without_a_lock_is_refused() -> None:
    with pytest.raises(VersionNotLocked, match=r"5\.0\.8") as caught:
        locked_jars("1.2.3")

    assert caught.value.version == "1.2.3"


async def test_only_missing_jars_are_fetched(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    jars = [jar(name) for name in "abcdef"]
    (tmp_path / "a-1.jar").write_bytes(b"whole")
    fetched = []

    def download(_: object, wanted: Jar, target: Path) -> None:
        fetched.append(wanted.artifact)
        target.write_bytes(b"whole")

    monkeypatch.setattr(jar_cache, "_download", download)
    caches = [JarCache(jars, tmp_path) for _ in range(3)]
    async with anyio.create_task_group() as group:
        for cache in caches:
            group.start_soon(cache.class_path, nothing)

    assert sorted(fetched) == list("bcdef")
    assert await caches[0].class_path(nothing) == [tmp_path / f"{name}-1.jar" for name in "abcdef"]


async def test_a_changed_jar_in_the_cache_is_refused(tmp_path: Path) -> None:
    (tmp_path / "a-1.jar").write_bytes(b"whole")
    (tmp_path / "b-1.jar").write_bytes(b"broken")

    with pytest.raises(JarMismatch, match="g:b:1") as caught:
        await JarCache([jar("a"), jar("b")], tmp_path).class_path(nothing)

    assert caught.value.path == tmp_path / "b-1.jar"
    assert caught.value.expected == hashlib.sha256(b"whole").hexdigest()
    assert caught.value.actual == hashlib.sha256(b"broken").hexdigest()


class FakeArtifact:
    """A fake of the artifact that jgo fetches."""

    def __init__(self, path: Path, content: bytes) -> None:
        self.cached_path = path
        self._content = content

    def resolve(self) -> Path:
        if not self._content:
            raise OSError("no route")
        self.cached_path.write_bytes(self._content)
        return self.cached_path


class FakeMaven:
    """A fake of jgo, with the same content for all coordinates."""

    def __init__(self, folder: Path, content: bytes) -> None:
        self._artifact = FakeArtifact(folder / "some.jar", content)

    def project(self, *_: str) -> "FakeMaven":
        return self

    def at_version(self, _: str) -> "FakeMaven":
        return self

    def artifact(self, classifier: str) -> FakeArtifact:
        assert classifier == ""
        return self._artifact


async def test_a_fetched_jar_that_differs_never_enters_the_cache(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(jar_cache, "_maven", lambda folder: FakeMaven(folder, b"evil"))

    with pytest.raises(JarMismatch, match="g:a:1"):
        await JarCache([jar("a")], tmp_path).class_path(nothing)

    assert names(tmp_path) == ["lock"]


async def test_a_jar_that_cannot_be_fetched_is_named(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(jar_cache, "_maven", lambda folder: FakeMaven(folder, b""))
    monkeypatch.setattr(jar_cache, "_PAUSE", 0)

    with pytest.raises(JarsUnavailable, match="g:a:1: no route"):
        await JarCache([jar("a")], tmp_path).class_path(nothing)


async def test_partial_downloads_of_a_killed_run_are_removed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    left_over = tmp_path / "fetching-killed"
    left_over.mkdir()
    (left_over / "half.jar").write_bytes(b"ha")
    monkeypatch.setattr(jar_cache, "_maven", lambda folder: FakeMaven(folder, b"whole"))

    assert await JarCache([jar("a")], tmp_path).class_path(nothing) == [tmp_path / "a-1.jar"]
    assert names(tmp_path) == ["a-1.jar", "lock"]


def test_the_cache_folder_follows_the_environment(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    assert cache_directory() == tmp_path / "event_store_async"

    monkeypatch.delenv("XDG_CACHE_HOME")
    monkeypatch.setenv("HOME", str(tmp_path / "home"))
    assert cache_directory() == tmp_path / "home" / ".cache" / "event_store_async"
