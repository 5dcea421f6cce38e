"""Documents are parsed correctly: a block that is neither run nor explained is found."""

from pathlib import Path

import pytest

from .blocks import Block, blocks
from .session import follow


def read(folder: Path, text: str) -> list[Block]:
    document = folder / "page.md"
    document.write_text(text, "utf-8")
    return blocks(document)


@pytest.mark.parametrize(
    "text",
    [
        pytest.param("```bash\nls\n```\n", id="a language that is not run"),
        pytest.param("```\nls\n```\n", id="no language"),
        pytest.param("text\n\n    ls\n", id="indented"),
        pytest.param("- item\n\n  ```sql\n  SELECT\n  ```\n", id="in a list"),
        pytest.param("<!-- not run -->\n```sql\nSELECT\n```\n", id="a mark without a reason"),
        pytest.param("<!-- not run: no -->\n\ntext\n\n```sql\nS\n```\n", id="a mark too far above"),
    ],
)
def test_a_block_that_is_neither_run_nor_explained_is_found(tmp_path: Path, text: str) -> None:
    (block,) = read(tmp_path, text)

    assert not block.is_accounted_for


def test_a_run_block_has_its_output_and_another_its_reason(tmp_path: Path) -> None:
    first, output, second, third = read(
        tmp_path,
        "```python\nprint(1)\n```\n\n```text\n1\n```\n\n```sh\nls\n```\n\n"
        "<!-- not run: it needs Go -->\n```sh\ngo\n```\n",
    )

    assert (first.is_run, first.output, first.line) == (True, "1\n", 1)
    assert (output.is_run, output.is_accounted_for) == (False, True)
    assert (second.is_run, second.output) == (True, None)
    assert (third.is_run, third.mark) == (False, ("not run", "it needs Go"))


def test_a_file_in_any_language_is_written(tmp_path: Path) -> None:
    (block,) = read(tmp_path, "<!-- file: pytest.ini -->\n```ini\n[pytest]\n```\n")

    assert block.is_run
    follow([block], tmp_path)
    assert (tmp_path / "pytest.ini").read_text("utf-8") == "[pytest]\n"


def test_a_document_is_followed_in_order(tmp_path: Path) -> None:
    steps = read(
        tmp_path,
        "<!-- file: hello.py -->\n```python\nprint('hello')\n```\n\n"
        "```sh\npython hello.py\n```\n\n```text\nhello\n```\n",
    )

    follow([step for step in steps if step.is_run], tmp_path)
    with pytest.raises(AssertionError, match=r"page\.md:6"):
        (wrong,) = [step for step in steps if step.language == "sh"]
        follow([Block(wrong.document, 6, "sh", wrong.text, wrong.mark, "bye\n")], tmp_path)


def test_a_command_that_fails_fails_the_test(tmp_path: Path) -> None:
    steps = read(tmp_path, "```sh\nfalse\ntrue\n```\n")

    with pytest.raises(AssertionError):
        follow(steps, tmp_path)
