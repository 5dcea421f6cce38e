"""
Groups: what the members of a consumer group did, and whether that is what is promised.

The simulation and the chaos run record the calls of handlers with `NotedDelivery`, and have them
judged by `judge` and `judge_end`.
"""
