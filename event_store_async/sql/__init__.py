"""
Private. Transactions of SQL databases; each adapter is public, and needs an extra of its own.

    psycopg         `PsycopgTransactions`, on PostgreSQL
    statements      the statements of ``statements.sql``; ``tables.sql`` creates the tables
"""
