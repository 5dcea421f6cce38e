"""``event-store doctor``: checks whether the cluster is what an event store needs."""

from collections import Counter
from dataclasses import replace
from typing import Final

import orjson
import typer
from rich.console import Console
from rich.padding import Padding
from rich.text import Text

from ..cassandra import (
    EventStore,
    Examination,
    Finding,
    Severity,
)
from ..escape import escape
from .exit_codes import ExitCode
from .options import AsJson
from .output import is_terminal, waiting, write_json, write_rendered
from .target import Target, with_store

_MARKS: Final = {
    Severity.OK: ("ok", "green"),
    Severity.ADVICE: ("advice", "yellow"),
    Severity.MUST: ("MUST", "bold red"),
}
_WIDTH: Final = 8


@with_store
async def doctor(store: EventStore, target: Target, as_json: AsJson = False) -> None:
    """
    Check the cluster, and say what must or should be changed, and why.

    It checks versions, the schema, consistency, replication, clocks, the servers' settings and the
    table's options; of a feed also its tables, its sequencer and its writers; and the table of the
    keys of subjects, if there is one. It changes nothing.
    Exit code 5: something must be changed.

    Examples:
    - `event-store doctor --keyspace bank`
    - `event-store doctor --keyspace bank --json`
    """
    with waiting("checking the cluster"):
        examination = await store.operations.examine()
        keys = await target.key_store(store).examine(examination.state.schema)
    # Keys come last: most stores have none.
    examination = replace(examination, findings=(*examination.findings, *keys))
    if as_json:
        await write_json([_json(examination)])
    else:
        await write_rendered(_report(examination, target))
    if any(finding.severity is Severity.MUST for finding in examination.findings):
        raise typer.Exit(ExitCode.FINDINGS)


def _report(examination: Examination, target: Target) -> str:
    out = Console(highlight=False, soft_wrap=not is_terminal())
    with out.capture() as captured:
        where = f"{target.contact_points}, port {target.port}: {examination.state.schema.table}"
        out.print(Text(f"{escape(where)}\n"))
        for finding in examination.findings:
            _show(finding, out)
        counts = Counter(finding.severity for finding in examination.findings)
        out.print(
            f"\nmust be changed: {counts[Severity.MUST]}, "
            f"advice: {counts[Severity.ADVICE]}, ok: {counts[Severity.OK]}"
        )
    return captured.get()


def _show(finding: Finding, out: Console) -> None:
    word, style = _MARKS[finding.severity]
    head = Text.assemble(
        (f"{word:<{_WIDTH}}", style), (escape(finding.check), "bold"), ": ", escape(finding.found)
    )
    out.print(head)
    if finding.change is not None:
        change, why = f"change: {finding.change}", f"why: {finding.why}"
        for text in (Text(escape(change)), Text(escape(why), "dim")):
            margin = " " * _WIDTH
            # Wrapped and indented on a terminal; a single line elsewhere.
            out.print(Padding(text, (0, 0, 0, _WIDTH)) if is_terminal() else Text(margin) + text)


def _json(examination: Examination) -> str:
    state = examination.state
    return orjson.dumps(
        {
            "table": state.schema.table,
            "must_be_changed": any(
                finding.severity is Severity.MUST for finding in examination.findings
            ),
            "findings": [
                {
                    "check": finding.check,
                    "level": finding.severity.value,
                    "found": finding.found,
                    "change": finding.change,
                    "why": finding.why,
                }
                for finding in examination.findings
            ],
        }
    ).decode()
