"""Generates the reference: a page for each public module, from its docstrings."""

import importlib
import inspect
from pathlib import Path
from types import ModuleType
from typing import Final

import event_store_async

MODULES: Final = (
    "event_store_async.aggregates",
    "event_store_async.typed",
    "event_store_async.privacy",
    "event_store_async.feeds",
    "event_store_async.subscriptions",
    "event_store_async.hooks",
    "event_store_async.telemetry.opentelemetry",
    "event_store_async.telemetry.prometheus",
    "event_store_async.telemetry.logs",
    "event_store_async.testing",
    "event_store_async.testing.contract",
    "event_store_async.embedded",
    "event_store_async.cassandra",
    "event_store_async.maintenance",
    "event_store_async.archive",
    "event_store_async.console",
)
"""The packages that have a page, with every name of their ``__all__``."""

_TITLES: Final = {
    "cassandra": "The store on Cassandra",
    "memory": "The store in memory",
    "ports": "Ports",
    "events": "Events",
    "versions": "Expected versions",
    "results": "Results",
    "feeds": "The feed",
    "health": "Health and statistics",
    "statistics": "Health and statistics",
    "hooks": "Hooks",
    "stream_head": "Events",
    "settings": "Settings",
    "follower": "Settings",
    "retry": "Settings",
    "codec": "Codecs",
    "correlation": "Correlation",
    "errors": "Errors",
}
_CONSTANTS: Final = {
    "ANY": "versions",
    "NO_STREAM": "versions",
    "STREAM_EXISTS": "versions",
    "ExpectedVersion": "versions",
    "AppendResult": "results",
    "TruncateResult": "results",
    "DeleteResult": "results",
    "ConsistencyChoice": "cassandra",
}


def write(stage: Path) -> None:
    """Write the pages."""
    folder = stage / "reference"
    folder.mkdir(parents=True)
    groups = facade()
    errors = groups.pop("Errors")
    page = ["# event_store_async\n"]
    for title, names in groups.items():
        page += [f"## {title}\n", *(_object(f"event_store_async.{name}", 3) for name in names)]
    (folder / "event_store_async.md").write_text("\n".join(page), "utf-8")
    _module(folder / "errors.md", "Errors", event_store_async.errors, "event_store_async", errors)
    for name in MODULES:
        module = importlib.import_module(name)
        public: list[str] = sorted(module.__all__)
        short = name.removeprefix("event_store_async.")
        _module(folder / f"{short}.md", name, module, name, public)


def facade() -> dict[str, list[str]]:
    """Return the names that the package itself exports, by the title of their section."""
    groups: dict[str, list[str]] = {title: [] for title in _TITLES.values()}
    for name in event_store_async.__all__:
        if name.startswith("__"):
            continue
        home = getattr(getattr(event_store_async, name), "__module__", "")
        part = _CONSTANTS.get(name) or home.split(".")[1]
        groups[_TITLES[part]].append(name)
    return groups


def _module(path: Path, title: str, module: ModuleType, prefix: str, names: list[str]) -> None:
    said = f"{inspect.getdoc(module) or ''}\n"
    page = [f"# {title}\n", said, *(_object(f"{prefix}.{name}", 2) for name in names)]
    path.write_text("\n".join(page), "utf-8")


def _object(path: str, level: int) -> str:
    return f"::: {path}\n    options:\n      heading_level: {level}\n"
