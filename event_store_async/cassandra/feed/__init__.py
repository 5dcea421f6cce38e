"""
Private. The feed of a table: one log of all its committed events.

docs/explanation/feed-protocol.md explains the protocol and its rules, W1 to W9 and S1 to S19.

    announcement   an append that is about to be sent, and its address
    lane           the announcements of this store: the writer's side
    seq_ranges     seqs of a lane, as ranges
    bell           the doorbell of this store
    announcer      what must happen before a plan is sent
    rows           rows of the feed's tables
    tables         the tables of the feed, a request for each method
    entry          entries of the log, and their links
    log            appends to the log and reads it
    progress       how much of each stream is in the log
    lane_reader    one writer's lane: the sequencer's side
    lane_search    the lanes that addresses of stored events lead to
    backlog        announcements that are not finished
    evidence       what the streams show of what was announced
    look           what a look at the stream of an announcement shows
    gap            versions that a lane waits for
    guard          a lane does not wait for ever
    sequencer_watch  what a sequencer does, for hooks
    sequencer      from announcements to entries, in rounds
    heartbeat      when the sequencer that works was last seen
    leadership     which sequencer works
    runner         the sequencer of a store, in the background
    tail           what the readers of a process share
    recent         what this store appended lately: its own readers need no read
    wanted         which events a page has, and which of them are read together
    draft_page     a page whose events are being fetched
    quick_reads    reads the runs of a page, several in a request
    fetcher        the events of a page, from their streams
    reader         pages of the feed
    link_reader    the log as it stands, link by link
    scan           events that nobody announced, and those from before the feed
    backfill       how much of the table from before is in the feed
    vigil          whether anybody sequences, as one store sees it
    verification   what a comparison of the log with the streams found
    stored_log     the log as it is stored
    log_check      what the log holds of some streams
    audit          compares the log with the streams
    facts          what those who run a feed should know of it
    status         how a feed is doing
    room           connects them for one store
"""
