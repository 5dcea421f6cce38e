"""
Faults: a cluster and the ways to it are broken while writers write, and every answer is judged.

    proxy        a wire that drops, delays, deafens and cuts
    network      a network of our own, in which nodes can be cut from each other
    ring         three nodes, with a proxy on every way to them
    nemesis      breaks and mends, on a schedule
    worker       a process of writers and readers (``python -m tests.faults.worker``)
    chaos        all of it for as long as wanted (``python -m tests.faults.chaos``)
"""
