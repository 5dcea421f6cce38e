"""Maps a document's links in the repository to links in the site."""

import os.path
import re
from collections.abc import Callable
from pathlib import PurePosixPath
from typing import Final

_FENCED: Final = re.compile(r"(^[ ]*```.*?^[ ]*```[ ]*$)", re.MULTILINE | re.DOTALL)
_LINK: Final = re.compile(r"(\]\()(?![a-z]+:)([^)#\s]+)(#[^)\s]*)?(\))")

_PLACES: Final = {
    "README.md": "index.md",
    "CHANGELOG.md": "project/changelog.md",
    "CONTRIBUTING.md": "project/contributing.md",
    "cql": "reference/cql.md",
}


def place(path: str) -> str:
    """
    Return the path of a repository's file or folder in the site's sources.

    Files of docs/ are at the top. Code gets a page of its own, so that the site can show the files
    that a document links to without another host.
    """
    if path in _PLACES:
        return _PLACES[path]
    if path.startswith("docs/"):
        return path.removeprefix("docs/")
    if path.endswith(".md"):
        return f"source/{path}"
    return f"source/{path}.md"


def relink(text: str, document: str, met: Callable[[str], str]) -> str:
    """
    Return a document with its links changed to the site's pages.

    Args:
        text: The document.
        document: Its path in the repository.
        met: Called with each linked path of the repository; returns the path to show for it.
    """
    here = PurePosixPath(document).parent
    there = PurePosixPath(place(document)).parent

    def moved(match: re.Match[str]) -> str:
        target = os.path.normpath(here / match[2])
        shown = place(met(target))
        return f"{match[1]}{os.path.relpath(shown, there)}{match[3] or ''}{match[4]}"

    parts = _FENCED.split(text)
    return "".join(
        part if index % 2 else _LINK.sub(moved, part) for index, part in enumerate(parts)
    )
