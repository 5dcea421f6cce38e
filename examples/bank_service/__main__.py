"""
Serve the bank, on the cluster in EVENT_STORE_CONTACT_POINTS or an embedded Cassandra.

With a read model, if BANK_POSTGRES says how to connect to PostgreSQL.
"""

import os
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager

import uvicorn
from fastapi import FastAPI

from event_store_async import EventStore

from ..cassandra import open_store
from .app import create_app


@asynccontextmanager
async def open_store_with_feed() -> AsyncGenerator[EventStore]:
    """Open the store, and give its table a feed, which the read model is made of."""
    async with open_store("bank") as store:
        await store.create_schema(feed=True)
        yield store


def app() -> FastAPI:
    """Return the service."""
    postgres = os.environ.get("BANK_POSTGRES")
    if not postgres:
        return create_app(lambda: open_store("bank"))
    # Only here: without a read model, psycopg need not be installed.
    from .read_model import open_read_model

    return create_app(open_store_with_feed, lambda store: open_read_model(store, postgres))


if __name__ == "__main__":
    uvicorn.run(app(), port=8000)
