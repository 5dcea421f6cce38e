"""
Private. Appending to streams.

    appender     takes an append: checks and encodes it, and queues it
    queues       a queue for each stream
    batch        a pending append and its future; the appends that share a conditional batch
    plan         one conditional batch, and what its answer proves
    planner      from what callers expect to a plan at an exact version; the heads last seen
    settler      sends a plan until its outcome is known
    stream_turns  how processes share a stream: whose turn it is, and what a wait hears
    listener     waits for the turn of this process
    executor     plan, settle, answer: the loop; the first attempt, without a task
"""
