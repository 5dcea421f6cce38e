"""
The Grafana dashboard of the library's metrics, made of a list of panels.

``python -m tools.dashboard`` writes docs/telemetry/grafana-dashboard.json; a test holds the file to
this code, and every metric in it to those that the adapters export.
"""
