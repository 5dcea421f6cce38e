"""Findings on the options of the tables."""

from collections.abc import Iterator
from dataclasses import replace
from typing import Final

from ....cql_files import quoted
from ...schema.ddl import compaction
from ...schema.state import TableState
from ..inspector import ClusterState, TableOptions
from .finding import (
    Finding,
    advice,
    must,
    ok,
)

_HINT_WINDOW: Final = 3 * 60 * 60
_FITTING: Final = {"UnifiedCompactionStrategy", "LeveledCompactionStrategy"}
_LARGEST_CHUNK: Final = 64
_GROWING: Final = {"events", "log", "progress", "snapshots"}
"""The tables that grow with what is stored; the others stay small."""


def options(state: ClusterState) -> Iterator[Finding]:
    """Look at the options of the tables that exist."""
    for table in state.schema.tables:
        if table.name in state.options:
            of_events = table is state.schema.tables[0]
            for finding in _findings(table, state.options[table.name], state.schema.release):
                check = finding.check if of_events else f"{finding.check} of {table.name}"
                yield replace(finding, check=check)
            if of_events and state.schema.has_truncation:
                yield _erased(state.options[table.name])


def _findings(table: TableState, found: TableOptions, release: str) -> Iterator[Finding]:
    alter = f"ALTER TABLE {quoted(table.name)} WITH"
    if table.spec.refuses_time_to_live:
        yield _time_to_live(table.default_time_to_live, alter)
    if table.spec.name in _GROWING:
        yield _compaction(found, alter, release)
        yield _compression(found, alter)
    yield _gc_grace(found, alter)
    yield _speculative_retry(found, alter)


def _time_to_live(seconds: int, alter: str) -> Finding:
    if not seconds:
        return ok("default_time_to_live", "none")
    return must(
        "default_time_to_live",
        f"{seconds} s",
        f"{alter} default_time_to_live = 0",
        "a stream's version would expire with its events, and the stream would restart at 1",
    )


def _compaction(options: TableOptions, alter: str, release: str) -> Finding:
    name = options.compaction.get("class", "")
    if name in _FITTING:
        return ok("compaction", name)
    change = f"{alter} compaction = {compaction(release)}"
    why = (
        "it is made for rows that expire, and events never expire"
        if name in {"TimeWindowCompactionStrategy", "DateTieredCompactionStrategy"}
        else "a stream's events end up in many files, and every read searches all of them"
    )
    return advice("compaction", name, change, why)


def _compression(options: TableOptions, alter: str) -> Finding:
    change = f"{alter} compression = {{'class': 'ZstdCompressor', 'chunk_length_in_kb': 16}}"
    name = options.compression.get("class")
    if name is None or options.compression.get("enabled") == "false":
        why = "uncompressed JSON takes several times the disk space and disk reads"
        return advice("compression", "none", change, why)
    length = options.compression.get("chunk_length_in_kb", "16")
    found = f"{name}, chunks of {length} KiB"
    if length.isdecimal() and int(length) >= _LARGEST_CHUNK:
        return advice("compression", found, change, "even a short read has to unpack a large chunk")
    return ok("compression", found)


def _gc_grace(options: TableOptions, alter: str) -> Finding:
    found = f"{options.gc_grace_seconds} s"
    if options.gc_grace_seconds >= _HINT_WINDOW:
        return ok("gc_grace_seconds", found)
    return advice(
        "gc_grace_seconds",
        found,
        f"{alter} gc_grace_seconds = 864000",
        "hints for a node that is down are kept no longer than that",
    )


def _erased(options: TableOptions) -> Finding:
    """Say when the bytes of erased events are gone."""
    return ok(
        "erased events",
        f"leave the disk in compactions after gc_grace_seconds ({options.gc_grace_seconds} s); "
        "the server's snapshots and backups keep them",
    )


def _speculative_retry(options: TableOptions, alter: str) -> Finding:
    value = options.speculative_retry.upper()
    if value in {"NONE", "NEVER"}:
        why = "a slow replica makes every read from it slow"
    elif value == "ALWAYS":
        why = "every read asks one more replica than it needs"
    else:
        return ok("speculative_retry", options.speculative_retry)
    return advice(
        "speculative_retry", options.speculative_retry, f"{alter} speculative_retry = '99p'", why
    )
