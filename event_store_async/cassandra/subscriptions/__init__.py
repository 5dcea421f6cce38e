"""
Private. Subscriptions to the feed of a table: registrations, slices, members.

    rows           a registration and a slice, as they are stored
    tables         reads and writes the tables, a request for each method
    registry       registrations, each changed by compare-and-set
    slice_states   slices, each changed by compare-and-set
    changes        what is changed of a slice, and when it must not be: pure functions
    generations    ends generations, and begins others
    store          `EventStore.subscriptions`

Every change is one compare-and-set, on one registration or on one slice: `IF revision = …`. The
revision grows with every change and never comes back. So a request whose answer was lost is sent
again: of all its repetitions, one at most is applied. If the last one was not, what is stored now
is read, at the serial level, and it is decided anew what is to be done: mostly, it is done.

The slices of a generation have a series of their own: an id that nothing else has had. Two members
that begin the same generation at once write the same rows into the same series, which the
registration named before. What an attempt that was taken back had written stays in a series that
nobody reads.

A generation ends in this order, so that nothing is lost whoever dies in between:

1. Every slice is closed: its fence rises and its holder is gone, so no lease is left, and nobody
   can claim it. From now on neither its position nor its parked streams change.
2. The parked streams are put into the slices of the new series.
3. The registration goes over to the new series. Now slices can be claimed again.

A slice that was closed for a series that the registration does not name (any more) is as good as
open: whoever claims it opens it.
"""
