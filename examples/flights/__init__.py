"""
The flights that left New York in 2013, replayed into an event store and checked.

Each aircraft has a stream, its logbook. Read the modules in this order:

    data        the input: one `Flight` for each row
    events      what happened to a flight, as events with ids derived from the input
    logbook     the state of a stream, and the order in which events may be recorded
    recorder    appends with optimistic locking, and decides again after a conflict
    dispatch    planners and dispatchers, who append to the same streams at the same time
    check       reads the streams back and compares them with the input
    progress    shows how far the replay is
    summary     shows the results
    __main__    the command
"""
