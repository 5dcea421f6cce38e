"""
A model checker for the protocol of the feed.

It tries every order of the steps that writers, sequencers and the database may take, in small
settings, and reports the shortest way into a state that breaks a promise. `python -m
tools.feedcheck` runs it; README.md says how to read and change it.

- `rules`: what one run searches: its size, and the rules that its actors keep or break
- `world`, `memory`, `facts`: the tables; what a sequencer knows; what follows from the tables
- `writers`, `publication`, `sequencers`: the steps of the actors
- `promises`: what must hold in every state
- `graph`, `search`, `trace`: states and their symmetry; breadth-first search; words for a path
- `run`, `suite`, `report`: a search with what it must find; all of them; their results in words
"""
