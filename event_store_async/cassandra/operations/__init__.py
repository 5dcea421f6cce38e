"""
Private. What those who run a cluster ask of a store.

    operations    `EventStore.operations`
    inspector     the facts about a cluster
    clients       processes that are connected
    diagnosis     what they mean
    health        whether the store can do its work now
"""
