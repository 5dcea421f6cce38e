"""
The flights that left New York in 2013, replayed into an event store and checked.

Each aircraft is a stream, its logbook. Read the modules in this order:

    data        the input: one `Flight` for each row
    events      the events of a flight, with ids of their own
    logbook     what a dispatcher knows of a stream, and which events may come next
    desk        appends with optimistic locking: decide, append, decide again after a conflict
    dispatch    planners and dispatchers, who work at the same time
    check       reads the streams back and compares them with the input
    progress, story, __main__      the output, and the command
"""
