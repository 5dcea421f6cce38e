"""What is found of the table's options."""

from collections.abc import Iterator
from typing import Final

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


def table(state: ClusterState) -> Iterator[Finding]:
    """Look at the options of the table, if there is one."""
    if state.options is None:
        return
    alter = f"ALTER TABLE {state.schema.table} WITH"
    seconds = state.schema.default_time_to_live
    if seconds:
        yield must(
            "default_time_to_live",
            f"{seconds} s",
            f"{alter} default_time_to_live = 0",
            "it expires a stream's version with its events: the stream begins at 1 again",
        )
    else:
        yield ok("default_time_to_live", "none")
    yield _compaction(state.options, alter)
    yield _compression(state.options, alter)
    yield _gc_grace(state.options, alter)
    yield _speculative_retry(state.options, alter)


def _compaction(options: TableOptions, alter: str) -> Finding:
    name = options.compaction.get("class", "")
    if name in _FITTING:
        return ok("compaction", name)
    change = (
        f"{alter} compaction = {{'class': 'UnifiedCompactionStrategy', 'scaling_parameters': 'T4'}}"
    )
    why = (
        "events never expire, which is all that it is made for"
        if name in {"TimeWindowCompactionStrategy", "DateTieredCompactionStrategy"}
        else "a stream's events end up in many files, and each read looks into all of them"
    )
    return advice("compaction", name, change, why)


def _compression(options: TableOptions, alter: str) -> Finding:
    change = f"{alter} compression = {{'class': 'ZstdCompressor', 'chunk_length_in_kb': 16}}"
    name = options.compression.get("class")
    if name is None or options.compression.get("enabled") == "false":
        why = "JSON takes several times the disk, and the reading, that it needs"
        return advice("compression", "none", change, why)
    length = options.compression.get("chunk_length_in_kb", "16")
    found = f"{name}, {length} KiB at once"
    if length.isdecimal() and int(length) >= _LARGEST_CHUNK:
        return advice("compression", found, change, "a short read unpacks all of a large chunk")
    return ok("compression", found)


def _gc_grace(options: TableOptions, alter: str) -> Finding:
    found = f"{options.gc_grace_seconds} s"
    if options.gc_grace_seconds >= _HINT_WINDOW:
        return ok("gc_grace_seconds", found)
    return advice(
        "gc_grace_seconds",
        found,
        f"{alter} gc_grace_seconds = 864000",
        "what a node missed while it was away is kept for it no longer than that",
    )


def _speculative_retry(options: TableOptions, alter: str) -> Finding:
    value = options.speculative_retry.upper()
    if value in {"NONE", "NEVER"}:
        why = "one slow replica makes every read from it slow"
    elif value == "ALWAYS":
        why = "every read asks one replica more than it needs"
    else:
        return ok("speculative_retry", options.speculative_retry)
    return advice(
        "speculative_retry", options.speculative_retry, f"{alter} speculative_retry = '99p'", why
    )
