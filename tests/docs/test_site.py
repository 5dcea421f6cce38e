"""The documentation site builds strictly, loads nothing from elsewhere, and is complete."""

import importlib
import shutil
import subprocess
import sys
import tomllib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

import event_store_async
from tools.site import built, links, reference, staging, statements

from .blocks import blocks

ROOT = Path(__file__).parents[2]
DOCUMENTS = sorted((ROOT / "docs").rglob("*.md"))
CONFIG = tomllib.loads((ROOT / "zensical.toml").read_text("utf-8"))["project"]
DIAGRAMS = [
    pytest.param(block.text, id=block.place)
    for path in DOCUMENTS
    for block in blocks(path)
    if block.language == "mermaid"
]


def pages(nav: list[Any]) -> Iterator[str]:
    for entry in nav:
        for value in entry.values():
            if isinstance(value, str):
                yield value
            else:
                yield from pages(value)


def zensical(folder: Path) -> "subprocess.CompletedProcess[str]":
    return subprocess.run(
        [sys.executable, "-m", "zensical", "build", "--strict"],
        cwd=folder,
        capture_output=True,
        text=True,
        timeout=250,
        check=False,
    )


@pytest.fixture(scope="module")
def project(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Give the folder in which the site is built."""
    folder = tmp_path_factory.mktemp("site")
    shutil.copyfile(ROOT / "zensical.toml", folder / "zensical.toml")
    (folder / "event_store_async").symlink_to(ROOT / "event_store_async")
    staging.stage(folder / "build" / "docs")
    done = zensical(folder)
    assert done.returncode == 0, done.stdout + done.stderr
    return folder


@pytest.fixture(scope="module")
def site(project: Path) -> Path:
    return (project / "build" / "site").resolve()


def test_every_document_is_in_the_navigation() -> None:
    """A new page of docs/ needs a line in `nav` of zensical.toml."""
    shown = set(pages(CONFIG["nav"]))
    written = {path.relative_to(ROOT / "docs").as_posix() for path in DOCUMENTS}

    assert written - shown == set()


@pytest.mark.slow
def test_nothing_is_loaded_from_elsewhere_and_no_link_is_broken(site: Path) -> None:
    assert built.faults(site) == []


@pytest.mark.slow
def test_the_reference_has_every_public_name(site: Path) -> None:
    facade = (site / "reference" / "event_store_async" / "index.html").read_text("utf-8")
    errors = (site / "reference" / "errors" / "index.html").read_text("utf-8")
    for name in event_store_async.__all__:
        if not name.startswith("__"):
            assert f'id="event_store_async.{name}"' in facade + errors, name
    for module in reference.MODULES:
        short = module.removeprefix("event_store_async.")
        page = (site / "reference" / short / "index.html").read_text("utf-8")
        for name in importlib.import_module(module).__all__:
            assert f'id="{module}.{name}"' in page, name


@pytest.mark.slow
def test_the_reference_has_every_statement(site: Path) -> None:
    page = (site / "reference" / "cql" / "index.html").read_text("utf-8")

    assert [
        path.stem for path in (ROOT / "cql").rglob("*.cql") if f'id="{path.stem}' not in page
    ] == []


@pytest.mark.slow
@pytest.mark.parametrize(
    "broken", ["[here](nowhere.md)", "[here](reading.md#nowhere)", "[here](#nowhere)"]
)
def test_a_broken_link_or_anchor_fails_the_build(
    project: Path, broken: str, tmp_path: Path
) -> None:
    folder = tmp_path / "project"
    shutil.copytree(project, folder, symlinks=True, ignore=shutil.ignore_patterns("site", ".cache"))
    with (folder / "build" / "docs" / "embedded.md").open("a", encoding="utf-8") as page:
        page.write(f"\n{broken}\n")

    assert zensical(folder).returncode != 0


def test_what_a_site_must_not_contain_is_found(tmp_path: Path) -> None:
    (tmp_path / "index.html").write_text(
        '<p id="here"><a href="#here"></a><a href="#gone"></a><a href="gone.html"></a>'
        '<a href="https://example.org"></a><script src="https://example.org/x.js"></script>'
        '<link rel="stylesheet" href="//example.org/x.css"><link rel="canonical" href="https://e.x">'
    )

    assert built.faults(tmp_path) == [
        "index.html loads https://example.org/x.js",
        "index.html loads //example.org/x.css",
        "index.html links to #gone, an anchor that does not exist",
        "index.html links to gone.html, which does not exist",
    ]


@pytest.mark.parametrize("diagram", DIAGRAMS)
def test_diagrams_can_be_drawn(diagram: str) -> None:
    import mermaidx

    assert mermaidx.render(diagram).svg().startswith("<svg")


def test_links_of_documents_lead_to_pages() -> None:
    met: list[str] = []

    def shown(path: str) -> str:
        met.append(path)
        return path

    text = "[a](../../cql) [b](../../tests/x.py#L1) [c](https://e.x/)\n```sh\n[d](e)\n```\n"
    moved = links.relink(text, "docs/guides/page.md", shown)

    assert met == ["cql", "tests/x.py"]
    assert moved == (
        "[a](../reference/cql.md) [b](../source/tests/x.py.md#L1) [c](https://e.x/)\n"
        "```sh\n[d](e)\n```\n"
    )


def test_a_statement_is_separated_from_its_comment() -> None:
    said, fields, cql = statements.parts(
        "-- Gives a row.\n-- Binds: a (uuid),\n--        b (int)\nSELECT a\n  FROM b;\n"
    )

    assert said == "Gives a row."
    assert fields == ["Binds: a (uuid), b (int)"]
    assert cql == "SELECT a\n  FROM b;"
