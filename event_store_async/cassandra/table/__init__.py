"""
Private. The whole table, beneath the streams.

    storage     `EventStore.storage`
    scanner     all streams, in the order of their tokens
    lister      `EventStore.streams`
    restorer    stored events written back, bit for bit
"""
