"""
Faults: nodes, connections and processes fail while they write, and every answer is checked.

    proxy         a connection to a node that drops, delays, deafens, mutes and cuts
    network       a network namespace in which nodes can be cut off from each other
    ring          three nodes, with a proxy between every process and every node
    nemesis       injects faults and ends them
    seat          what every process of a run needs to know
    worker        a process that writes and reads streams (``python -m tests.faults.worker``)
    sequencer     a process that sequences the feed
    reader        a process that reads the feed
    processes     starts, stops, continues, kills and replaces them: writers, sequencers, readers
    settlement    settles unknown appends afterwards, and reads every stream a last time
    last_reading  waits until the feed is complete, and reads all of it
    report        the results of a run
    plot, feed_plot   its plots
    chaos         all of it, for a given time (``python -m tests.faults.chaos``)
    record        puts the results of a run with a feed into the documentation
"""
