"""
Histories: what was asked of a store and what it answered, and whether that can be true.

    operations   what a history consists of          (values)
    lines        their form as JSON lines            (format.md)
    recorder     writes them while a run goes on     (the only module that writes)
    stalls       notices when a process stands still
    history      reads them back
    lies         the kinds of lie, and a verdict
    intents      the attempts of one append, taken together
    truth        what the last read of a stream says stands where
    placing, seeing, ordering, ending    one kind of check each, pure
    check        all of them
"""
