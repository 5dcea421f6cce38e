"""C8: the driver uses the nodes of all datacenters unless one is named."""

import asyncio
import sys
from uuid import uuid4

import pytest

from event_store_async import ConnectionFailed, InvalidArgument

from .fake_server import Datacenters, FakeServer
from .scenarios.common import opening

pytestmark = pytest.mark.skipif(
    sys.platform == "darwin", reason="macOS has one loopback address only, unless told otherwise"
)


async def test_only_nodes_of_the_named_datacenter_are_used(datacenters: Datacenters) -> None:
    near, far = datacenters
    async with opening(near.port, local_datacenter="near") as store:
        await asyncio.gather(*(store.current_version(uuid4()) for _ in range(100)))

    assert len(near.requests) > 100
    assert far.requests == []


async def test_a_cluster_of_several_datacenters_asks_for_a_name(datacenters: Datacenters) -> None:
    near, _ = datacenters

    for _ in range(10):  # whichever node answers which question
        with pytest.raises(InvalidArgument, match="datacenters far, near"):
            await opening(near.port, local_datacenter=None)


async def test_a_datacenter_that_does_not_exist_is_told_with_those_that_do(
    datacenters: Datacenters,
) -> None:
    near, _ = datacenters

    with pytest.raises(ConnectionFailed, match="no datacenter 'dc9'; it has far, near"):
        await opening(near.port, local_datacenter="dc9")


async def test_a_cluster_that_is_not_there_is_not_asked_for_its_datacenters(
    deaf: FakeServer,
) -> None:
    with pytest.raises(ConnectionFailed, match="check contact points"):
        await opening(deaf.port, local_datacenter="dc9", connect_timeout=0.3)

    assert deaf.connections == 1


async def test_a_cluster_of_one_datacenter_needs_no_name(fake: FakeServer) -> None:
    async with opening(fake.port, local_datacenter=None) as store:
        assert (await store.persist_events(uuid4(), ["event"], 0)).version == 1
