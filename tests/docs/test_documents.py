"""The code in the documents runs, and their links lead to files."""

import re
import sys
import tomllib
from pathlib import Path

import pytest

from ..fixtures.server import Server
from .blocks import blocks
from .session import follow, make_targets, makes_files, run, shell

ROOT = Path(__file__).parents[2]
DOCUMENTS = sorted(
    [
        *ROOT.glob("*.md"),
        *(ROOT / "docs").rglob("*.md"),
        *ROOT.glob("tests/*/*.md"),
        *ROOT.glob("examples/*.md"),
    ]
)
README = ROOT / "README.md"
FIRST = next(block for block in blocks(README) if block.language == "python")
FENCED = re.compile(r"^ *```.*?^ *```", re.MULTILINE | re.DOTALL)
LINK = re.compile(r"\]\((?!https?://)([^)#]+)(?:#[^)]*)?\)")
RATE = re.compile(r"\b\d{1,3},\d{3}\b")
FOLLOWED = [path for path in DOCUMENTS if makes_files(blocks(path))]


def named(path: Path) -> str:
    return path.relative_to(ROOT).as_posix()


def program(text: str) -> str:
    return run([sys.executable, "-W", "error::ResourceWarning", "-c", text], cwd=ROOT)


@pytest.mark.parametrize("document", DOCUMENTS, ids=named)
def test_every_block_is_run_or_says_why_not(document: Path) -> None:
    """`blocks.py` lists what a block's comment may say."""
    assert [block.place for block in blocks(document) if not block.is_accounted_for] == []


@pytest.mark.parametrize("document", DOCUMENTS, ids=named)
def test_a_file_that_is_said_to_run_a_block_does(document: Path) -> None:
    for block in blocks(document):
        if block.mark[0] == "run by":
            assert document.name in (ROOT / block.mark[1]).read_text("utf-8"), block.place


async def test_the_readmes_program_prints_what_the_readme_says(server: Server) -> None:
    """Unchanged, with a Cassandra of its own."""
    assert program(FIRST.text) == FIRST.output


def test_the_readme_installs_the_folder_it_clones_with_an_extra_that_exists() -> None:
    first = next(block for block in blocks(README) if block.language == "sh")
    project = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["project"]
    cloned = re.search(r"^git clone \S+ (\S+)$", first.text, re.MULTILINE)
    installed = re.search(r"pip install '\./(\w+)\[(\w+)\]'$", first.text, re.MULTILINE)

    assert cloned is not None
    assert installed is not None
    assert cloned[1] == installed[1]
    assert installed[2] in project["optional-dependencies"]


def test_the_readmes_program_is_within_the_first_forty_lines() -> None:
    lines = README.read_text("utf-8").splitlines()

    assert "asyncio.run(main())" in lines[:40]


def test_speeds_in_the_advice_on_choosing_are_those_of_the_recorded_run() -> None:
    """Take them over again after `make bench RECORD=1`."""
    shown = set(RATE.findall((ROOT / "docs" / "performance.md").read_text("utf-8")))

    assert set(RATE.findall((ROOT / "docs" / "choosing.md").read_text("utf-8"))) - shown == set()


@pytest.mark.parametrize(
    ("text", "output"),
    [
        pytest.param(block.text, block.output, id=block.place)
        for path in DOCUMENTS
        if path not in FOLLOWED
        for block in blocks(path)
        if block.is_run and block.language == "python" and block != FIRST
    ],
)
def test_code_in_documents_runs_and_prints_what_they_say(text: str, output: str | None) -> None:
    printed = program(text)

    assert output is None or printed == output


@pytest.mark.parametrize(
    "document",
    [
        pytest.param(path, id=named(path))
        for path in DOCUMENTS
        if path not in FOLLOWED
        and any(block.is_run and block.language == "sh" for block in blocks(path))
    ],
)
async def test_commands_in_documents_run(document: Path, server: Server) -> None:
    """On the server under test, if the tests started it: documents use fixed keyspaces."""
    if server.embedded is None:
        pytest.skip("documents use fixed keyspaces, which may be in use on this cluster")
    ((datacenter, replicas),) = server.replication.items()
    environment = {
        "EVENT_STORE_CONTACT_POINTS": ",".join(server.contact_points),
        "EVENT_STORE_PORT": str(server.port),
        "EVENT_STORE_DATACENTER": datacenter,
        "EVENT_STORE_REPLICAS": str(replicas),
    }
    for block in blocks(document):
        if block.is_run and block.language == "sh":
            printed = shell(block.text, cwd=ROOT, environment=environment)
            assert block.output is None or printed == block.output, block.place


@pytest.mark.slow
@pytest.mark.timeout(400)
@pytest.mark.parametrize("document", FOLLOWED, ids=named)
async def test_documents_can_be_followed(document: Path, server: Server, tmp_path: Path) -> None:
    """From start to end, in an empty folder; it may start a Cassandra of its own."""
    follow([block for block in blocks(document) if block.is_run], tmp_path)


@pytest.mark.parametrize("document", DOCUMENTS, ids=named)
def test_links_lead_to_files(document: Path) -> None:
    broken = [
        link
        for link in LINK.findall(FENCED.sub("", document.read_text("utf-8")))
        if not (document.parent / link).exists()
    ]

    assert broken == []


@pytest.mark.parametrize("document", DOCUMENTS, ids=named)
def test_make_targets_that_documents_name_exist(document: Path) -> None:
    makefile = (ROOT / "Makefile").read_text("utf-8")
    missing = {
        name for name in make_targets(document.read_text("utf-8")) if f"\n{name}:" not in makefile
    }

    assert missing == set()
