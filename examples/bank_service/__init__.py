"""
A bank over HTTP, with FastAPI, typed events, and commands that are carried out exactly once.

    domain       the account: its events, its state, and the decisions on it
    responses    HTTP responses for the results of commands and for errors
    app          the service: routes, start-up and shutdown
    read_model   all accounts of an owner, and their total, in PostgreSQL

``python -m examples.bank_service`` serves it at http://127.0.0.1:8000/docs. The read model is there
if BANK_POSTGRES says how to connect: ``host=127.0.0.1 user=bank dbname=bank``, for one.
"""
