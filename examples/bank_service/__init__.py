"""
A bank over HTTP: typed events, commands carried out exactly once, and FastAPI.

    domain      the account: its events, its state, and the decisions on it
    answers     HTTP responses for the results of commands
    app         the service: routes, start-up and shutdown

Run ``python -m examples.bank_service``, then open http://127.0.0.1:8000/docs.
"""
