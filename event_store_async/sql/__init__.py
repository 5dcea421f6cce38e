"""
Private. Transactions of SQL databases; each adapter is public, and needs an extra of its own.

    psycopg         `PsycopgTransactions`, on PostgreSQL
    asyncpg         `AsyncpgTransactions`, on PostgreSQL
    sqlalchemy      `SqlAlchemyTransactions`, on PostgreSQL
    transactions    what they have in common
    outages         which errors of PostgreSQL are outages
    statements      the statements of ``statements.sql``; ``tables.sql`` creates the tables
"""
