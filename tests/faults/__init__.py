"""
Faults: nodes, connections and writers fail while writers write, and every answer is checked.

    proxy        a connection to a node that drops, delays, deafens, mutes and cuts
    network      a network namespace in which nodes can be cut off from each other
    ring         three nodes, with a proxy between every writer and every node
    nemesis      injects faults and ends them
    worker       a process that writes and reads (``python -m tests.faults.worker``)
    settlement   settles unknown appends afterwards, and reads every stream a last time
    report       the results of a run
    chaos        all of it, for a given time (``python -m tests.faults.chaos``)
"""
