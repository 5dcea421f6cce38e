"""Generates a page of the files in cql/, each with its comment."""

from pathlib import Path
from typing import Final

_CQL: Final = Path(__file__).parents[2] / "cql"
_FOLDERS: Final = {
    "schema": "The statements of `create_schema`.",
    "migrations": "The changes that it makes to an older table, in this order.",
    "additions": "Optional columns that it adds to an older table.",
    "statements": "All statements that a store sends.",
    "statements/erase": "All statements that erase events.",
    "statements/feed": "All statements that a feed sends.",
    "statements/keys": "All statements that key stores send.",
    "statements/snapshots": "All statements that stored snapshots send.",
    "statements/subscriptions": "All statements that subscriptions send.",
    "testing": "Statements that only the test tools send.",
}


def write(stage: Path) -> None:
    """Write the page."""
    page = [
        "# CQL\n",
        "All CQL that is sent, one statement per file. Names in braces are checked and filled in;",
        "binds are prepared.\n",
    ]
    for folder, said in _FOLDERS.items():
        page += [f"## {folder}\n", f"{said}\n"]
        for path in sorted((_CQL / folder).glob("*.cql")):
            comment, binds, cql = parts(path.read_text("utf-8"))
            page += [f"### {path.stem}\n", f"{comment}\n"]
            page += [f"*{line}*\n" for line in binds]
            page += [f"```sql\n{cql}\n```\n"]
    target = stage / "reference" / "cql.md"
    target.parent.mkdir(parents=True, exist_ok=True)
    target.write_text("\n".join(page), "utf-8")


def parts(text: str) -> tuple[str, list[str], str]:
    """Return a file's comment, its lines of names and binds, and its CQL."""
    lines = text.splitlines()
    header = 0
    while lines[header].startswith("--"):
        header += 1
    said: list[str] = []
    fields: list[str] = []
    for line in (line.removeprefix("--").strip() for line in lines[:header]):
        if line.startswith(("Binds:", "Names:")):
            fields.append(line)
        elif fields:
            fields[-1] += f" {line}"
        else:
            said.append(line)
    return "\n".join(said), fields, "\n".join(lines[header:]).strip()
