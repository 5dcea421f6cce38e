"""
The flights that left New York in 2013, replayed into an event store and checked.

Each aircraft is a stream, its logbook. Read the modules in this order:

    data        the input: one `Flight` for each row
    events      what happened to a flight, as events with ids of their own
    logbook     what a dispatcher knows of a stream, and what may be recorded next
    desk        an append with optimistic locking: decide, append, on a conflict decide again
    dispatch    planners and dispatchers, who work at the same time
    check       the streams read back and compared with the input
    progress, story, __main__      what is shown, and the command
"""
