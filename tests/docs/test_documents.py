"""The documents' code runs, and their links lead somewhere."""

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

from ..fixtures.server import Server

ROOT = Path(__file__).parents[2]
DOCUMENTS = sorted([*ROOT.glob("*.md"), *(ROOT / "docs").rglob("*.md"), *ROOT.glob("tests/*/*.md")])
BLOCK = re.compile(r"^```(\w+)\n(.*?)^```", re.MULTILINE | re.DOTALL)
LINK = re.compile(r"\]\((?!https?://)([^)#]+)(?:#[^)]*)?\)")


def blocks(document: Path, language: str) -> list[str]:
    return [text for kind, text in BLOCK.findall(document.read_text("utf-8")) if kind == language]


def programs(document: Path) -> list[tuple[str, str | None]]:
    """Return a document's programs, each with what stands behind it as its output, if anything."""
    found: list[tuple[str, str | None]] = []
    end = 0
    text = document.read_text("utf-8")
    for block in BLOCK.finditer(text):
        if block[1] == "python":
            found.append((block[2], None))
        elif block[1] == "text" and found and not text[end : block.start()].strip():
            found[-1] = (found[-1][0], block[2])
        end = block.end()
    return found


def run(program: str, environment: dict[str, str] | None = None) -> str:
    done = subprocess.run(
        [sys.executable, "-W", "error::ResourceWarning", "-c", program],
        capture_output=True,
        text=True,
        timeout=110,
        check=False,
        cwd=ROOT,
        env={**os.environ, **(environment or {})},
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


async def test_the_readmes_program_prints_what_the_readme_says(server: Server) -> None:
    """As it stands, with a Cassandra of its own."""
    readme = ROOT / "README.md"
    program, (printed,) = blocks(readme, "python")[0], blocks(readme, "text")

    assert run(program) == printed


def test_the_readmes_program_is_within_the_first_forty_lines() -> None:
    lines = (ROOT / "README.md").read_text("utf-8").splitlines()

    assert "asyncio.run(main())" in lines[:40]


@pytest.mark.parametrize(
    ("program", "printed"),
    [
        pytest.param(*program, id=f"{path.stem}-{number}")
        for path in DOCUMENTS
        if path.name != "README.md"
        for number, program in enumerate(programs(path))
    ],
)
def test_code_in_documents_runs_and_prints_what_they_say(program: str, printed: str | None) -> None:
    output = run(program)

    assert printed is None or output == printed


@pytest.mark.parametrize("document", DOCUMENTS, ids=lambda path: path.stem)
def test_links_lead_somewhere(document: Path) -> None:
    broken = [
        link
        for link in LINK.findall(BLOCK.sub("", document.read_text("utf-8")))
        if not (document.parent / link).exists()
    ]

    assert broken == []


@pytest.mark.parametrize("document", DOCUMENTS, ids=lambda path: path.stem)
def test_make_targets_that_documents_name_exist(document: Path) -> None:
    makefile = (ROOT / "Makefile").read_text("utf-8")
    named = set(re.findall(r"`make ([a-z-]+)", document.read_text("utf-8")))

    assert {name for name in named if f"\n{name}:" not in makefile} == set()
