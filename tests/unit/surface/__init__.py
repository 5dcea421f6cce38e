"""
The public surface, tried with arguments of the wrong kind.

    hints      whether a value fits a type hint, and a value that does
    junk       values of the wrong kind, made anew for each call
    targets    every public callable, found from what is exported, and an object to call it on
    attempts   one call, and what may come of it
"""
