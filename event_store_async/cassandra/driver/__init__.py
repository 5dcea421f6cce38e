"""
Private. The driver: what could hang, crash or mislead is fenced in here.

    port           the only import of acsylla
    raw            what we use of its session and cluster
    faults         what an exception proves about the request that met it
    answer         what the server says of a conditional batch
    repeat         repeats what may be repeated
    hedge          asks another node when one does not answer soon
    request        a request in flight; permits; which requests are sent together
    forks          sessions that a forked child must not use
    session        sends requests, and returns plain tuples
    nodes          which nodes and datacenters there are
    descriptors    whether there are enough file descriptors
    tls            whom to trust
    closed_sessions  frees them when that is safe
    connection     a cluster and session of our own
    opening        a connection that is awaited or entered
"""
