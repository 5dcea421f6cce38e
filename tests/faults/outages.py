"""Outages of one node, for the time of a block."""

from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager

from event_store_async.embedded.node import Node


@asynccontextmanager
async def paused(node: Node) -> AsyncGenerator[None, None]:
    """Suspend a node during the block."""
    node.pause()
    try:
        yield
    finally:
        node.resume()


@asynccontextmanager
async def killed(node: Node) -> AsyncGenerator[None, None]:
    """Kill a node, and start it again after the block."""
    node.kill()
    await node.wait_dead()
    try:
        yield
    finally:
        await node.start()
