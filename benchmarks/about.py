"""The environment of a run: machine, versions and settings, without host names and paths."""

import os
import platform
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any

import acsylla
import psutil

from event_store_async.embedded.java import find_java
from event_store_async.embedded.node import Node

from .bench import Size
from .peers import REPLICAS
from .variants import JVM

_PERIODS = {"periodic": "commitlog_sync_period", "group": "commitlog_sync_group_window"}
_PACKAGES = (
    *("event_store_async", "acsylla", "orjson", "anyio"),
    *("cassandra-driver", "eventsourcing", "psycopg", "umadb"),
)


def about(size: Size, moment: str) -> dict[str, Any]:
    """Return the environment of a run that starts at *moment*; `about_node` has the rest."""
    return {
        "moment": moment,
        "machine": {
            "system": f"{platform.system()} {platform.release()} {platform.machine()}",
            "processor": _processor(),
            "cores": os.cpu_count(),
            "memory_gib": round(psutil.virtual_memory().total / 2**30, 1),
            "scheduling": _scheduling(),
        },
        "versions": {
            "python": platform.python_version(),
            "java": _java(),
            **{name: found for name in _PACKAGES if (found := _version(name))},
        },
        "node": {"replication": REPLICAS},
        "size": {
            "rounds": size.rounds,
            "events read": size.events,
            "payload bytes": 200,
            "quick": size.quick,
        },
    }


async def about_node(node: Node, port: int) -> dict[str, dict[str, str]]:
    """
    Return the version of a running node, and its settings that matter for its speed.

    The node says them itself. They are more of the parts "versions" and "node" of `about`.
    """
    cluster = acsylla.create_cluster([node.address], port=port, log_level="critical")
    session = await cluster.create_session()
    try:
        local = await session.query("SELECT release_version FROM system.local")
        ((release,),) = [row.as_tuple() for row in local]
        found = await session.query("SELECT name, value FROM system_views.settings")
        settings = dict([row.as_tuple() for row in found])
    finally:
        await session.close()
        cluster.destroy()
    command = psutil.Process(node.pid).cmdline()
    heap = next((it.removeprefix("-Xmx") for it in command if it.startswith("-Xmx")), "unknown")
    sync = settings["commitlog_sync"]
    memtables = settings["memtable_heap_space"], settings["memtable_offheap_space"]
    return {
        "versions": {"cassandra": release},
        "node": {
            "commit log": f"{sync}, {settings[_PERIODS[sync]]}" if sync in _PERIODS else sync,
            "heap": heap,
            "memtables": f"{memtables[0]} on the heap, {memtables[1]} off it",
            "java options": " ".join(it for it in command if it in JVM),
        },
    }


def _scheduling() -> str:
    """Return whether the processes of the run come before all others of the machine."""
    policy = getattr(os, "sched_getscheduler", None)  # only Linux has it
    is_first = policy is not None and policy(0) in {os.SCHED_FIFO, os.SCHED_RR}
    return "real-time" if is_first else "shared with all other processes"


def _processor() -> str:
    path = Path("/proc/cpuinfo")
    lines = path.read_text(encoding="utf-8").splitlines() if path.exists() else []
    return next(
        (line.split(":", 1)[1].strip() for line in lines if line.startswith("model name")),
        platform.processor(),
    )


def _java() -> str:
    release = find_java().resolve().parents[1] / "release"
    lines = release.read_text(encoding="utf-8").splitlines() if release.exists() else []
    return next(
        (line.split("=", 1)[1].strip('"') for line in lines if line.startswith("JAVA_VERSION=")),
        "unknown",
    )


def _version(package: str) -> str | None:
    try:
        return version(package)
    except PackageNotFoundError:
        return None
