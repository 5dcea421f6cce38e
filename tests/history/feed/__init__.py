"""
What readers of a feed saw during a run, and whether that is one log of all committed events.

    kinds        the kinds of violation
    deliveries   what a reader got                    (values)
    lines        deliveries as JSON lines             (format.md of the folder above)
    recorder     writes them during a run             (the only module that writes)
    readings     reads the lines back
    promises     the last reading, against the streams and the appends
    readers      what each reader saw, against the last reading
    quiet        whether the feed is complete, soon after everything is quiet
    delays       how long events took to be published
    check        all checks together
    builder      readings made by hand
    fabricated   one, or more, for each kind of violation
"""
