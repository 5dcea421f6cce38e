"""The contents of each node's cassandra.yaml and logging configuration."""

import json
import shutil
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Final

from .java import TEMPORARY

CLUSTER_SETTINGS: Final[Mapping[str, object]] = {"paxos_variant": "v2"}
"""Settings that every cluster for the library must have, embedded or not."""

TOKENS_PER_NODE: Final = 4

_SMALL: Final[Mapping[str, object]] = {
    "memtable_heap_space": "64MiB",
    "memtable_offheap_space": "64MiB",
    "auto_snapshot": False,
}

_LOGBACK: Final = """\
<configuration>
  <appender name="STDOUT" class="ch.qos.logback.core.ConsoleAppender">
    <encoder><pattern>%-5level [%thread] %date{ISO8601} %F:%L - %msg%n</pattern></encoder>
  </appender>
  <root level="INFO"><appender-ref ref="STDOUT"/></root>
  <!-- At this level a node logs when it adds another to its ring. -->
  <logger name="org.apache.cassandra.service.StorageService" level="DEBUG"/>
</configuration>
"""


def tokens(index: int, nodes: int) -> list[int]:
    """
    Return the tokens of one node, so that all nodes together divide the ring equally.

    With fixed tokens, the nodes of a new cluster can start at the same time: none has to ask the
    others which tokens are taken.

    Args:
        index: The index of the node, from 0.
        nodes: The number of nodes.
    """
    parts = nodes * TOKENS_PER_NODE
    return [-(2**63) + (turn * nodes + index) * 2**64 // parts for turn in range(TOKENS_PER_NODE)]


def node_settings(
    *,
    directory: Path,
    addresses: Sequence[str],
    index: int,
    port: int,
    storage_port: int,
    overlay: Mapping[str, object],
) -> dict[str, object]:
    """
    Return the complete settings for the cassandra.yaml of one node.

    Args:
        directory: The node's directory.
        addresses: The addresses of all nodes.
        index: The index of this node, from 0.
        port: The port for clients.
        storage_port: The port for the other nodes.
        overlay: The caller's settings, which override these; nested mappings are merged.
    """
    seeds = ",".join(f"{address}:{storage_port}" for address in addresses)
    settings: dict[str, object] = {
        "cluster_name": "event_store_async",
        "partitioner": "org.apache.cassandra.dht.Murmur3Partitioner",
        "endpoint_snitch": "SimpleSnitch",
        "num_tokens": TOKENS_PER_NODE,
        "initial_token": ",".join(map(str, tokens(index, len(addresses)))),
        "auto_bootstrap": False,
        "seed_provider": [
            {
                "class_name": "org.apache.cassandra.locator.SimpleSeedProvider",
                "parameters": [{"seeds": seeds}],
            }
        ],
        "listen_address": addresses[index],
        "rpc_address": addresses[index],
        "storage_port": storage_port,
        "native_transport_port": port,
        "data_file_directories": [str(directory / "data")],
        "commitlog_directory": str(directory / "commitlog"),
        "saved_caches_directory": str(directory / "saved_caches"),
        "hints_directory": str(directory / "hints"),
        "cdc_raw_directory": str(directory / "cdc_raw"),
        "commitlog_sync": "periodic",
        "commitlog_sync_period": "10000ms",
        **_SMALL,
        **CLUSTER_SETTINGS,
    }
    return overlaid(settings, overlay)


def overlaid(base: Mapping[str, object], overlay: Mapping[str, object]) -> dict[str, object]:
    """Return `base` overridden by `overlay`; mappings are merged, other values replaced."""
    result = dict(base)
    for name, value in overlay.items():
        below = result.get(name)
        if isinstance(below, Mapping) and isinstance(value, Mapping):
            result[name] = overlaid(below, value)
        else:
            result[name] = value
    return result


def write_configuration(directory: Path, settings: Mapping[str, object]) -> None:
    """Write cassandra.yaml and logback.xml into the node's directory."""
    shutil.rmtree(directory / TEMPORARY, ignore_errors=True)
    (directory / TEMPORARY).mkdir(parents=True)
    # JSON is valid YAML, so no YAML library is needed.
    yaml = json.dumps(settings, indent=2, ensure_ascii=True)
    (directory / "cassandra.yaml").write_text(yaml, encoding="ascii")
    (directory / "logback.xml").write_text(_LOGBACK, encoding="ascii")
