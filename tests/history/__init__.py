"""
Histories: what was asked of a store and what it answered, and whether that is consistent.

    operations   what a history consists of          (values)
    lines        operations as JSON lines            (format.md)
    recorder     writes a history during a run       (the only module that writes)
    stalls       notices when a process stands still
    history      reads the lines back
    violations   the kinds of violation, and a verdict
    intents      all attempts of one append, taken together
    final_state  a stream as the last read shows it
    answers, placement, observations, ordering   one kind of check each, pure
    check        all of them
    builder      histories made by hand
    fabricated   one history, or more, for each kind of violation
"""
