"""
Private. Stored snapshots: what all stores do with them, whatever their tables are.

    rows     a snapshot as it is stored, and the port of what stores it
    codec    snapshots as rows, and rows as snapshots
    saves    saves snapshots in the background
    store    `Snapshots`, the `SnapshotStore` of the library's own stores
    memory   rows in memory
"""
