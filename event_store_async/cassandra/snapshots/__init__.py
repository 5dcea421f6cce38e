"""
Private. The table of snapshots, beside a table of events.

    table         reads and writes its rows, a request or two for each method

A partition is a stream, and not a stream and a kind:

- Whoever truncates or deletes a stream, or forgets a person, must be rid of every snapshot of it,
  also of kinds that another program or an older release saved. They are one partition, so one
  delete has them all. By stream and kind, nobody could find the kinds without reading the whole
  table.
- The token of the partition is that of the stream's events. So the snapshot has the replicas that
  its stream has: if a quorum of those can be read, so can the snapshot. With replicas of its own, a
  load would wait in vain for a snapshot while its stream could be read.
- It makes no partition hot or large. A stream's events have one partition as well, and are written
  more often. A kind keeps few rows, and few kinds are in use at a time.

The newest version of a kind comes first, so a load reads one row and stops. What is dropped is
older: its tombstones come after that row, and are not read. A later save is of a higher version, so
no tombstone hides it. Saving a version again overwrites its row, and leaves no tombstone.
"""
