"""
Private. The table of the keys of subjects.

    row           a row of the table
    table         reads and writes it, a request for each method
    changes       creates, destroys, renews and re-wraps a key, each by compare-and-set
    wrapper       wraps and unwraps keys, and checks what the wrapper returns
    rewrap        re-wraps all keys of a table
    reports       what callers learn of keys, and of their re-wrapping
    diagnosis     what could be better about the table: pure functions
    room          builds these for one key store, and lets them work together
    store         `CassandraKeyStore`
    shared        the same on the session of an `EventStore`

Every change is one compare-and-set on the revision of a row, which grows with each change and never
comes back. So a request whose answer was lost is sent again unchanged: of its repetitions one at
most is applied. If the last one was not, the row is read at the serial level, and what it holds
decides.

A key is destroyed by a value of no bytes in its place, and not by a null. Cassandra drops the
tombstone of a null after ``gc_grace_seconds``: a replica that missed it, and is repaired only then,
would bring the key back. A value that is there, with the timestamp of a later ballot, always wins.
"""
