"""
Private. The whole table, beneath the streams.

    storage     `EventStore.storage`
    scanner     all streams, in the order of their tokens
    restorer    stored events written back, bit for bit
"""
