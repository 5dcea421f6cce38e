"""Grafana: the panels as the JSON model of a dashboard."""

import json
from pathlib import Path
from typing import Any, Final

from .panels import ROWS, Panel

PATH: Final = Path(__file__).parents[2] / "docs" / "telemetry" / "grafana-dashboard.json"

_DATASOURCE: Final = {"type": "prometheus", "uid": "${datasource}"}
_ACROSS: Final = 3
_WIDTH: Final = 24 // _ACROSS
_HEIGHT: Final = 8


def text() -> str:
    """Return the file's text."""
    return json.dumps(dashboard(), indent=2) + "\n"


def dashboard() -> dict[str, Any]:
    """Return the dashboard."""
    return {
        "uid": "event-store-async",
        "title": "event_store_async",
        "description": "Appends, reads, subscriptions and the driver of event_store_async.",
        "tags": ["event-store", "cassandra"],
        "schemaVersion": 39,
        "version": 1,
        "editable": True,
        "graphTooltip": 1,
        "refresh": "30s",
        "time": {"from": "now-1h", "to": "now"},
        "timezone": "browser",
        "templating": {"list": _variables()},
        "annotations": {"list": []},
        "links": [],
        "panels": _panels(),
    }


def _panels() -> list[dict[str, Any]]:
    made: list[dict[str, Any]] = []
    top = 0
    for title, row in ROWS.items():
        made.append(
            {
                "id": len(made) + 1,
                "type": "row",
                "title": title,
                "collapsed": False,
                "gridPos": {"x": 0, "y": top, "w": 24, "h": 1},
                "panels": [],
            }
        )
        top += 1
        for index, panel in enumerate(row):
            down, across = divmod(index, _ACROSS)
            place = {
                "x": across * _WIDTH,
                "y": top + down * _HEIGHT,
                "w": _WIDTH,
                "h": _HEIGHT,
            }
            made.append(_graph(len(made) + 1, panel, place))
        top += -(-len(row) // _ACROSS) * _HEIGHT
    return made


def _graph(number: int, panel: Panel, place: dict[str, int]) -> dict[str, Any]:
    return {
        "id": number,
        "type": "timeseries",
        "title": panel.title,
        "description": panel.description,
        "datasource": _DATASOURCE,
        "gridPos": place,
        "fieldConfig": {"defaults": {"unit": panel.unit, "min": 0}, "overrides": []},
        "options": {
            "legend": {"displayMode": "list", "placement": "bottom", "showLegend": True},
            "tooltip": {"mode": "multi", "sort": "desc"},
        },
        "targets": [
            {
                "refId": chr(ord("A") + index),
                "datasource": _DATASOURCE,
                "editorMode": "code",
                "expr": query,
                "legendFormat": legend,
                "range": True,
            }
            for index, (legend, query) in enumerate(panel.queries)
        ],
    }


def _variables() -> list[dict[str, Any]]:
    appends = "event_store_append_duration_seconds_count"
    return [
        {"name": "datasource", "type": "datasource", "label": "Data source", "query": "prometheus"},
        _labels("keyspace", f"label_values({appends}, db_namespace)"),
        _labels(
            "table", f'label_values({appends}{{db_namespace=~"$keyspace"}}, db_collection_name)'
        ),
    ]


def _labels(name: str, query: str) -> dict[str, Any]:
    return {
        "name": name,
        "type": "query",
        "label": name.capitalize(),
        "datasource": _DATASOURCE,
        "query": {"query": query, "refId": name},
        "definition": query,
        "refresh": 2,
        "includeAll": True,
        "allValue": ".*",
        "multi": True,
        "current": {"text": "All", "value": "$__all"},
        "sort": 1,
    }
