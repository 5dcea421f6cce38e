"""
Private. The table of snapshots, beside a table of events.

    table    reads and writes its rows, a request for each method
"""
