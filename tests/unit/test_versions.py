"""The lower bounds of the dependencies: every one is declared, and `make lowest` tries it."""

import sys
from pathlib import Path

import pytest

from tools.versions import interpreters
from tools.versions.__main__ import NOT_TRIED, lowest
from tools.versions.bounds import EXTRAS, ROOT, declared, project
from tools.versions.bounds import lowest as lowest_of
from tools.versions.trial import TrialFailed, build

DEVELOPMENT = {"audit", "bench", "dev", "docs"}


def test_every_extra_of_applications_is_tried() -> None:
    assert set(project()["project"]["optional-dependencies"]) == {*EXTRAS, *DEVELOPMENT}


def test_every_dependency_of_applications_has_one_lowest_version() -> None:
    bounds = lowest_of(declared(project()), "3.11")

    assert {"acsylla", "anyio", "orjson", "typer", "pytest", "hatchling"} <= set(bounds)
    assert bounds["acsylla"] == "1.2.0"


@pytest.mark.parametrize(
    ("requirements", "bounds"),
    [
        (["a>=1.2"], {"a": "1.2"}),
        (["a==1.2"], {"a": "1.2"}),
        (["a>=3.2,<4"], {"a": "3.2"}),
        (["a>=9", "a>=10", "a>=8"], {"a": "10"}),
        (["a[b,c]>=1; python_version < '3.12'"], {"a": "1"}),
        (["a>=1; python_version >= '3.12'"], {}),
    ],
)
def test_the_lowest_version_of_a_requirement(
    requirements: list[str], bounds: dict[str, str]
) -> None:
    assert lowest_of(requirements, "3.11") == bounds


@pytest.mark.parametrize("requirement", ["a", "a<4", "a>=1,>=2"])
def test_a_requirement_without_one_lowest_version_is_refused(requirement: str) -> None:
    with pytest.raises(ValueError, match="has no lowest version"):
        lowest_of([requirement], "3.11")


def test_the_lowest_python_is_the_declared_one() -> None:
    assert project()["project"]["requires-python"] == f">=3.{interpreters.MINORS[0]}"


def test_a_command_that_does_not_start_a_python_is_not_one(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As those of pyenv, for a version that is installed but not chosen."""
    command = tmp_path / "python3.99"
    command.write_text("#!/bin/sh\nexit 127\n")
    command.chmod(0o755)
    monkeypatch.setenv("PATH", str(tmp_path))
    monkeypatch.setenv("PYENV_ROOT", str(tmp_path))

    assert interpreters.find(99) is None
    assert interpreters.find(sys.version_info.minor) == sys.executable


def test_without_the_lowest_python_it_says_so(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(interpreters, "find", lambda _: None)

    assert lowest(tmp_path) == NOT_TRIED
    assert "NOT TRIED: python3.11 was not found" in capsys.readouterr().out


def test_what_fails_is_told_with_its_output(tmp_path: Path) -> None:
    with pytest.raises(TrialFailed, match="Cannot install hatchling>="):
        build(tmp_path, {"hatchling": "0"})


def test_ci_and_the_makefile_run_the_trials() -> None:
    makefile, ci = ((ROOT / name).read_text("utf-8") for name in ("Makefile", ".ci/aside"))

    assert all(f"tools.versions {it}" in makefile for it in ("lowest", "newest", "pythons"))
    assert "tools.versions lowest" in ci
    assert "make newest" in ci
