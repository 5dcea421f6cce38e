"""
Private. The schema: which tables a store needs, and how they get there.

    table_spec       what a table must look like
    tables           the tables of a store
    state            what the cluster has, compared with that
    explainer        finds out whether a fault is due to it
    preparation      lets calls prepare statements by turns
    ddl              the CQL of changes
    lease            a lock that expires
    migration_log    which migrations a table has had; the lock on the schema
    migrator         runs the changes, one process at a time
    statements       prepares statements, each once, after a look at the schema
    added_statements  those of tables that a store can do without
"""
