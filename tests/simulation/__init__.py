"""
The feed's production code on a simulated cluster: deterministic, seeded, with every fault.

    clock      virtual time, and the event loop that runs in it
    cells      what a quorum of replicas shows: writes that some reads see and others do not
    tables     the feed's and the events' statements on those cells
    session    a store's session on them: requests are lost, late, repeated; actors pause and crash
    world      writers, sequencers and readers in one run
    checker    judges the log against the streams
    mutants    broken rules, each of which the checker must catch
"""
