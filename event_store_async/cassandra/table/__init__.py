"""
Private. The whole table, beneath the streams.

    storage        `EventStore.storage`
    scanner        all streams, in the order of their tokens
    lister         `EventStore.streams`
    categoriser    the category of a stream that began without one
    eraser         truncates, deletes and closes streams
    beginning_plan  where a truncated stream begins, restored
    calls          calls that a closing store waits for
    restorer       stored events written back, bit for bit
"""
