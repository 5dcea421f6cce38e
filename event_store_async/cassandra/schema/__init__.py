"""
Private. The schema: what must stand in the cluster, and how it gets there.

    state         what stands in the cluster, compared with what is needed
    ddl           the CQL of changes
    migrator      runs them, one process at a time
    statements    prepares statements, once, after a look at the schema
"""
