"""Serve the bank on an embedded Cassandra, or on the cluster that is pointed at."""

import uvicorn

from ..cassandra import open_store
from .app import create_app

if __name__ == "__main__":
    uvicorn.run(create_app(lambda: open_store("bank")), port=8000)
