"""Blocks: the code in a document, with its author's instructions for running it."""

import re
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from markdown_it import MarkdownIt
from markdown_it.token import Token

_MARK: Final = re.compile(r"<!-- (not run|run by|file|in the background until): (.+) -->")
_NOT_CODE: Final = {"text", "mermaid"}
_RUN: Final = {"python", "sh"}


@dataclass(frozen=True, slots=True)
class Block:
    """
    A block of code.

    Attributes:
        document: The document.
        line: Its first line, from 1 up.
        language: Its language; "" for an indented block, or one without a language.
        text: The code.
        mark: The comment above it, as its kind and its words; both "" without one.
        output: The text block right after it, if there is one.
    """

    document: Path
    line: int
    language: str
    text: str
    mark: tuple[str, str]
    output: str | None

    @property
    def place(self) -> str:
        """The document and the line, as text."""
        return f"{self.document.name}:{self.line}"

    @property
    def is_run(self) -> bool:
        """Whether the tests run it, or write it to the file that another block runs."""
        kind, _ = self.mark
        return kind == "file" or (self.language in _RUN and kind not in {"not run", "run by"})

    @property
    def is_accounted_for(self) -> bool:
        """Whether it is run, is not code, or says why it is not run."""
        return self.is_run or self.language in _NOT_CODE or bool(self.mark[0])


def blocks(document: Path) -> list[Block]:
    """Return all blocks of a document, in order."""
    tokens = MarkdownIt().parse(document.read_text("utf-8"))
    found: list[Block] = []
    for index, token in enumerate(tokens):
        if token.type not in {"fence", "code_block"}:
            continue
        before = tokens[index - 1] if index else None
        after = tokens[index + 1] if index + 1 < len(tokens) else None
        output = after.content if after is not None and after.info == "text" else None
        line = (token.map or [0])[0] + 1
        found.append(
            Block(document, line, token.info.strip(), token.content, _mark(before), output)
        )
    return found


def _mark(token: Token | None) -> tuple[str, str]:
    if token is None or token.type != "html_block":
        return "", ""
    match = _MARK.fullmatch(token.content.strip())
    return (match[1], match[2]) if match else ("", "")
