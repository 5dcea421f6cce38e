"""Benchmarks, run by hand and never by a test: ratios within one run, with their spread."""
