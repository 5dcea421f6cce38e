"""compose.yaml describes the same kind of cluster as the embedded one."""

import itertools
from pathlib import Path
from typing import Any

import pytest
import yaml

from event_store_async.embedded import EmbeddedCassandra
from event_store_async.embedded.settings import CLUSTER_SETTINGS, TOKENS_PER_NODE

COMPOSE = Path(__file__).parents[2] / "compose.yaml"


@pytest.fixture(scope="module")
def services() -> dict[str, Any]:
    services: dict[str, Any] = yaml.safe_load(COMPOSE.read_text(encoding="utf-8"))["services"]
    return services


def test_it_has_three_nodes(services: dict[str, Any]) -> None:
    assert len(services) == 3


def test_shared_settings_are_equal(services: dict[str, Any]) -> None:
    for service in services.values():
        given = service["entrypoint"][4:]
        assert given == [f"{name}: {value}" for name, value in CLUSTER_SETTINGS.items()]
        assert service["environment"]["CASSANDRA_NUM_TOKENS"] == str(TOKENS_PER_NODE)
        assert service["environment"]["CASSANDRA_DC"] == EmbeddedCassandra().local_datacenter


def test_it_is_the_same_series_as_the_embedded_server(services: dict[str, Any]) -> None:
    series = ".".join(EmbeddedCassandra().version.split(".")[:2])

    assert {service["image"] for service in services.values()} == {f"cassandra:{series}"}


def test_nodes_are_healthy_before_the_next_one_joins(services: dict[str, Any]) -> None:
    names = list(services)

    for before, name in itertools.pairwise(names):
        assert services[name]["depends_on"] == {before: {"condition": "service_healthy"}}
    for service in services.values():
        assert "cqlsh" in service["healthcheck"]["test"][1]


def test_each_node_is_published_on_the_address_that_it_announces(services: dict[str, Any]) -> None:
    for number, service in enumerate(services.values(), 1):
        address = f"127.0.0.{number}"
        assert service["environment"]["CASSANDRA_BROADCAST_RPC_ADDRESS"] == address
        assert service["ports"] == [f"{address}:9042:9042"]
