"""
Private. What those who run a cluster ask of a store.

    operations    `EventStore.operations`
    inspector     the facts about a cluster
    diagnosis     what they mean
    health        whether the store can do its work now
"""
