"""Serve the bank, on the cluster in EVENT_STORE_CONTACT_POINTS or an embedded Cassandra."""

import uvicorn

from ..cassandra import open_store
from .app import create_app

if __name__ == "__main__":
    uvicorn.run(create_app(lambda: open_store("bank")), port=8000)
