"""The packages: versions agree, and a wheel built from the sdist works on its own."""

import os
import re
import subprocess
import sys
import tarfile
import tomllib
import venv
import zipfile
from pathlib import Path

import pytest

import event_store_async
from tools.smoke.__main__ import smoke
from tools.smoke.environment import BUILDING

from ..fixtures.server import Server

ROOT = Path(__file__).parents[2]
BESIDE = {"_event_store_async_command.py", "_event_store_async_pytest.py"}
"""The modules beside the package."""

CQL = sorted(path.relative_to(ROOT / "cql").as_posix() for path in (ROOT / "cql").rglob("*.cql"))


def test_pip_shows_how_far_a_long_installation_is() -> None:
    makefile = (ROOT / "Makefile").read_text("utf-8").replace("\\\n", " ")
    lines = [line for line in makefile.splitlines() if "--editable '.[" in line]

    assert len(lines) == 2, "everything for development, and the peers of the benchmark"
    for line in lines:
        assert "pip install" in line
        assert not re.search(r"--quiet|-q\b", line)


def test_version_and_changelog_agree() -> None:
    changelog = (ROOT / "CHANGELOG.md").read_text("utf-8")
    project = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["project"]
    newest = re.findall(r"^## \[(\d[^\]]*)\] - \d{4}-\d{2}-\d{2}$", changelog, re.MULTILINE)[0]
    unreleased = re.findall(r"^## \[Unreleased\]$(.*?)^## ", changelog, re.MULTILINE | re.DOTALL)
    version: str = project["version"]
    next_release, dev, _ = version.partition(".dev")

    if dev:  # between two releases
        (changes,) = unreleased
        assert f"`{version}`" in changes
        assert f" {next_release}." in changes
        assert numbers(next_release) > numbers(newest)
    else:
        assert newest == version
        assert unreleased == []
    assert version == event_store_async.__version__, "run `make install`"


def numbers(version: str) -> tuple[int, ...]:
    return tuple(int(part) for part in version.split("."))


def test_the_readme_tells_the_same_story_of_versions() -> None:
    readme = (ROOT / "README.md").read_text("utf-8")
    version = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["project"]["version"]
    _, _, section = readme.partition("\n## Versions\n")
    told = section.partition("\n## ")[0]
    next_release, dev, _ = version.partition(".dev")

    assert (f"on the way to {next_release}" in told) == bool(dev)
    assert (".dev0" in told) == bool(dev)


def test_pins_are_plain() -> None:
    lines = (ROOT / "constraints.txt").read_text("utf-8").splitlines()
    pins = [line for line in lines if line and not line.startswith("#")]

    assert all(re.fullmatch(r"[A-Za-z0-9._-]+==[A-Za-z0-9.+!]+", pin) for pin in pins)
    assert "acsylla==1.2.0" in pins


def test_packages_for_building_and_smoke_tests_are_pinned() -> None:
    pins = {line.partition("==")[0] for line in (ROOT / "constraints.txt").read_text().splitlines()}
    project = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))
    building = {re.split(r"[<>=~]", text)[0] for text in project["build-system"]["requires"]}
    commands = [line for line in (ROOT / "Makefile").read_text().splitlines() if "-m build" in line]

    assert {*building, *BUILDING, "build"} <= pins
    assert commands
    assert all("PIP_CONSTRAINT=$(abspath constraints.txt)" in line for line in commands)


def test_no_file_names_a_machine_or_the_host_of_a_registry() -> None:
    listed = subprocess.run(
        ["git", "ls-files", "-z"], cwd=ROOT, capture_output=True, text=True, check=False
    )
    if listed.returncode:
        pytest.skip("not a git checkout")
    hosts = ["pypi." + "org", "python" + "hosted", "repo1." + "maven", "maven." + "org"]
    hosts += ["/ho" + "me/", "/ro" + "ot/", "/wo" + "rk/"]
    found = []
    for name in listed.stdout.split("\0"):
        path = ROOT / name
        if path.is_file() and path.suffix not in {".png", ".svg"}:
            text = path.read_text("utf-8", errors="replace")
            found += [(name, host) for host in hosts if host in text]

    assert found == []


@pytest.fixture(scope="module")
def built(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Build sdist and wheel, the wheel from the sdist."""
    target = tmp_path_factory.mktemp("dist")
    subprocess.run(
        [sys.executable, "-m", "build", "--outdir", str(target), "--no-isolation", str(ROOT)],
        check=True,
        capture_output=True,
        timeout=250,
    )
    return target


@pytest.mark.slow
def test_the_wheel_holds_the_cql_and_the_types(built: Path) -> None:
    (wheel,) = built.glob("*.whl")
    names = zipfile.ZipFile(wheel).namelist()

    assert [
        name for name in (f"event_store_async/_cql/{cql}" for cql in CQL) if name not in names
    ] == []
    assert {"event_store_async/py.typed", *BESIDE} <= set(names)
    locks = {"jars-4.1.10.lock", "jars-5.0.8.lock", "java-11.lock"}
    assert {f"event_store_async/embedded/{lock}" for lock in locks} <= set(names)
    assert any(name.endswith("licenses/LICENSE") for name in names)
    assert not [name for name in names if name.startswith("tests")]


@pytest.mark.slow
def test_the_sdist_holds_what_a_packager_needs(built: Path) -> None:
    (sdist,) = built.glob("*.tar.gz")
    with tarfile.open(sdist) as archive:
        names = {name.partition("/")[2] for name in archive.getnames()}

    assert {f"cql/{cql}" for cql in CQL} <= names
    assert {"README.md", "LICENSE", "CHANGELOG.md", "Makefile", "tests/conftest.py"} <= names
    assert names >= BESIDE


@pytest.mark.slow
@pytest.mark.timeout(400)
def test_wheel_sdist_and_editable_install_work_in_empty_environments(
    built: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """As `make build` does."""
    smoke(built, tmp_path)

    statements = sum(name.startswith("statements/") for name in CQL)
    wheel, sdist, editable = capsys.readouterr().out.splitlines()
    for line, installed in ((wheel, True), (sdist, True), (editable, False)):
        assert ("site-packages" in line) == installed
        assert line.endswith(f", {statements} statements")
    assert str(ROOT / "event_store_async") in editable


@pytest.mark.slow
@pytest.mark.timeout(300)
def test_a_user_tests_with_only_the_wheel(built: Path, tmp_path: Path, server: Server) -> None:
    """The test module of docs/testing.md, in a project that contains only the wheel."""
    (wheel,) = built.glob("*.whl")
    venv.create(tmp_path / "venv", with_pip=True)
    python = str(tmp_path / "venv" / "bin" / "python")
    project = tmp_path / "project"
    project.mkdir()
    document = (ROOT / "docs" / "testing.md").read_text("utf-8")
    module, *_ = re.findall(r"^```py\n(.*?)^```", document, re.MULTILINE | re.DOTALL)
    (project / "test_account.py").write_text(module)
    ((datacenter, replicas),) = server.replication.items()
    options = [
        f"--event-store-contact-points={','.join(server.contact_points)}",
        f"--event-store-port={server.port}",
        f"--event-store-datacenter={datacenter}",
        f"--event-store-replicas={replicas}",
    ]

    for command in (
        ["pip", "install", "-q", "-c", str(ROOT / "constraints.txt"), f"{wheel}[testing]"],
        ["pytest", *options],
    ):
        done = subprocess.run(
            [python, "-m", *command],
            capture_output=True,
            text=True,
            timeout=200,
            check=False,
            cwd=project,
            env={name: value for name, value in os.environ.items() if name != "PYTHONPATH"},
        )
        assert done.returncode == 0, done.stdout + done.stderr

    assert "3 passed" in done.stdout
    assert "event store: the tests ran on Cassandra" in done.stdout
    lines = [line for line in module.splitlines() if line]
    assert len(lines) <= 18
