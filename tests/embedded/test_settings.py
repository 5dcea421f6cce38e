"""The configuration of each node."""

import json
from itertools import pairwise
from pathlib import Path
from typing import Any

from event_store_async.embedded.settings import (
    CLUSTER_SETTINGS,
    TOKENS_PER_NODE,
    node_settings,
    overlaid,
    tokens,
    write_configuration,
)


def make(tmp_path: Path, index: int = 0, **overlay: object) -> dict[str, Any]:
    return node_settings(
        directory=tmp_path,
        addresses=("127.0.0.1", "127.0.0.2"),
        index=index,
        port=9142,
        storage_port=7100,
        overlay=overlay,
    )


def test_every_node_has_the_shared_settings(tmp_path: Path) -> None:
    settings = make(tmp_path)

    assert settings.items() >= CLUSTER_SETTINGS.items()
    assert settings["paxos_variant"] == "v2"


def test_a_node_listens_on_its_own_address_and_knows_all(tmp_path: Path) -> None:
    settings = make(tmp_path, index=1)

    assert (settings["listen_address"], settings["rpc_address"]) == ("127.0.0.2", "127.0.0.2")
    assert settings["seed_provider"][0]["parameters"] == [
        {"seeds": "127.0.0.1:7100,127.0.0.2:7100"}
    ]


def test_tokens_divide_the_ring_equally() -> None:
    for nodes in (1, 2, 3, 5):
        ring = sorted(token for index in range(nodes) for token in tokens(index, nodes))
        steps = {after - before for before, after in pairwise(ring)}

        assert len(set(ring)) == nodes * TOKENS_PER_NODE
        assert ring[0] == -(2**63)
        assert ring[-1] < 2**63
        assert max(steps) - min(steps) <= 1


def test_neighbours_on_the_ring_are_different_nodes() -> None:
    owner = {token: index for index in range(3) for token in tokens(index, 3)}
    row = [owner[token] for token in sorted(owner)]

    assert row == [0, 1, 2] * TOKENS_PER_NODE


def test_the_overlay_wins_and_mappings_are_merged() -> None:
    base = {"a": 1, "b": {"c": 2, "d": 3}, "e": [1]}

    assert overlaid(base, {"a": 9, "b": {"d": 4}, "e": [2]}) == {
        "a": 9,
        "b": {"c": 2, "d": 4},
        "e": [2],
    }
    assert base == {"a": 1, "b": {"c": 2, "d": 3}, "e": [1]}


def test_the_overlay_reaches_the_file(tmp_path: Path) -> None:
    write_configuration(tmp_path / "node", make(tmp_path, authenticator="PasswordAuthenticator"))

    written = json.loads((tmp_path / "node" / "cassandra.yaml").read_text())
    assert written["authenticator"] == "PasswordAuthenticator"
    assert (tmp_path / "node" / "logback.xml").exists()
