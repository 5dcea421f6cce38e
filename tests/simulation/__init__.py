"""
The production code of feeds and groups on a simulated cluster: deterministic, seeded, with faults.

    clock      virtual time, and the event loop that runs in it
    cells      what a quorum of replicas shows: writes that some reads see and others do not
    answered   an answer to a conditional batch, as the driver gives it
    tables     the feed's and the events' statements on those cells
    session    a store's session on them: requests are lost, late, repeated; actors pause and crash
    world      writers, sequencers and readers in one run
    checker    judges the log against the streams
    mutants    broken rules, each of which the checker must catch

Groups of members:

    group_process            a process whose every await may be late, fail, freeze or be its last
    group_world              members, operators and writers in one run, on a store in memory
    group_mutants            broken rules of members, parking and generations
    cql_tables               the statements of subscriptions, as they stand in ``cql/``, on cells
    process_session          a process's session on them
    cassandra_group_world    a group whose subscriptions are kept by the code for Cassandra
    cassandra_group_mutants  broken rules of that code
"""
