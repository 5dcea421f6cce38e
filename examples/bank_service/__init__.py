"""
A bank over HTTP: typed events, commands that are decided exactly once, and FastAPI.

    domain      the account: its events, what they make of it, what may be done with it
    answers     what a command came to, as HTTP
    app         the service: routes, start-up and shutdown

``python -m examples.bank_service`` serves it at http://127.0.0.1:8000/docs.
"""
