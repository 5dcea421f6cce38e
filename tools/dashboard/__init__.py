"""
The Grafana dashboard of the library's metrics, generated from a list of panels.

    panels      the graphs, row by row
    grafana     the panels as the JSON model of a dashboard

``python -m tools.dashboard`` writes docs/telemetry/grafana-dashboard.json. Tests check that the
file matches this code, and that the adapters export every metric in it.
"""
