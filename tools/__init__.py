"""Tools for work on the library itself; no part of what is shipped."""
