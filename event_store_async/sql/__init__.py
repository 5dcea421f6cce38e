"""
Transactions of SQL databases, for projections. Each adapter needs an extra of its own.

    psycopg      `PsycopgTransactions`, on PostgreSQL
    tables.sql   the tables, in the database of the view
"""
