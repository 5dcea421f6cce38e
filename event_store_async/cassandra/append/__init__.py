"""
Private. Appending to streams.

    pending          an append and the future that its caller awaits
    queues           a queue for each stream
    batch            appends that share one conditional batch
    known_heads      the versions at which streams were last seen
    first_attempt    the common case, without a task
    plan             one conditional batch, and what its answer means
    planner          from what callers expect to a plan at an exact version
    settler          sends a plan until its outcome is known
    executor         plan, settle, answer: the loop
"""
