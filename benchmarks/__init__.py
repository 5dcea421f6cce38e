"""Measurements. Run by hand, never by a test: ratios within one run, with their spread."""
