"""
Private. The driver: everything that could hang, crash or mislead is fenced in here.

    port                        the only import of acsylla
    faults                      what an exception proves about the request that met it
    tls connection opening      cluster and session of our own; awaited or entered
    request permits outbox      one request; how many at once; which go out together
    session                     sends requests, and returns plain tuples
    retrying                    repeats what may be repeated
"""
