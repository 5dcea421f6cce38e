"""The dashboard and the alert rules: they parse, and name only what is exported."""

import json
import re
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any, get_args

import pytest
import yaml
from prometheus_client import CollectorRegistry

from event_store_async import NewEvent
from event_store_async.hooks import HandlingBegun
from event_store_async.hooks import key_records as key_hooks
from event_store_async.hooks import records as hooks
from event_store_async.hooks import subscription_records as subscription_hooks
from event_store_async.telemetry.instruments import INSTRUMENTS
from event_store_async.telemetry.prometheus import PrometheusHook
from event_store_async.testing import given_events
from tools.dashboard import grafana

from . import records
from .exporters import Exported, attributes
from .test_metrics import FED, Busy, Member

DOCS = Path(__file__).parents[2] / "docs" / "telemetry"
_NAME = re.compile(r"\bevent_store_\w+")
_SELECTOR = re.compile(r"(event_store_\w+)\{([^}]*)\}")
_INCREASE = re.compile(r"increase\((event_store_\w+\{[^}]*\})\[([^]]+)\]\)")
_MATCHER = re.compile(r"(\w+)=~?\"([^\"]*)\"")


def dashboard() -> dict[str, Any]:
    loaded: dict[str, Any] = json.loads((DOCS / "grafana-dashboard.json").read_text("utf-8"))
    return loaded


def rules() -> list[dict[str, Any]]:
    loaded = yaml.safe_load((DOCS / "alerts.yaml").read_text("utf-8"))
    return [rule for group in loaded["groups"] for rule in group["rules"]]


def expressions() -> Iterator[str]:
    for panel in dashboard()["panels"]:
        for target in panel.get("targets", ()):
            yield target["expr"]
    for variable in dashboard()["templating"]["list"]:
        yield variable.get("definition", "")
    for rule in rules():
        yield rule["expr"]


@pytest.fixture(scope="module")
def samples() -> dict[str, list[dict[str, str]]]:
    """Return the labels of all samples that the adapter exports, by name."""
    registry = CollectorRegistry()
    hook = PrometheusHook(registry)
    busy, member = Busy(), Member()
    hook.observe(busy)
    hook.observe(member)
    for record in FED:
        hook(record)
    found: dict[str, list[dict[str, str]]] = {}
    for metric in registry.collect():
        for sample in metric.samples:
            found.setdefault(sample.name, []).append(sample.labels)
    return found


def test_every_metric_that_is_named_is_exported(samples: dict[str, list[dict[str, str]]]) -> None:
    named = {name for expression in expressions() for name in _NAME.findall(expression)}

    assert named - set(samples) == set()
    assert len(named) > 25


def test_every_label_that_is_named_is_exported(samples: dict[str, list[dict[str, str]]]) -> None:
    for expression in expressions():
        for name, matchers in _SELECTOR.findall(expression):
            for label, value in _MATCHER.findall(matchers):
                values = {labels[label] for labels in samples[name]}
                assert value.startswith("$") or value in values, (name, label, value)


def test_every_metric_but_two_is_on_the_dashboard() -> None:
    shown = " ".join(
        target["expr"] for panel in dashboard()["panels"] for target in panel.get("targets", ())
    )

    assert [
        instrument.prometheus_name
        for instrument in INSTRUMENTS
        if instrument.prometheus_name not in shown
    ] == ["event_store_append_size_bytes", "event_store_append_limit_bytes"], "its ratio is shown"


def test_the_dashboard_is_what_its_code_generates() -> None:
    assert (DOCS / "grafana-dashboard.json").read_text("utf-8") == grafana.text()


def test_the_dashboard_has_what_grafana_needs() -> None:
    made = dashboard()
    panels = made["panels"]

    assert {"uid", "title", "schemaVersion", "panels", "templating", "time"} <= set(made)
    assert len({panel["id"] for panel in panels}) == len(panels)
    places = [(panel["gridPos"]["x"], panel["gridPos"]["y"]) for panel in panels]
    assert len(set(places)) == len(places)
    for panel in panels:
        assert panel["type"] in {"row", "timeseries"}
        assert panel["gridPos"]["x"] + panel["gridPos"]["w"] <= 24
        refs = [target["refId"] for target in panel.get("targets", ())]
        assert len(set(refs)) == len(refs)
        assert bool(refs) == (panel["type"] == "timeseries")


@pytest.mark.parametrize("rule", rules(), ids=lambda rule: str(rule["alert"]))
def test_rules_have_all_that_an_alert_needs(rule: dict[str, Any]) -> None:
    assert set(rule) <= {"alert", "expr", "for", "labels", "annotations"}
    assert re.fullmatch(r"EventStore\w+", rule["alert"])
    assert rule["labels"]["severity"] in {"info", "warning", "critical"}
    assert set(rule["annotations"]) == {"summary", "description"}
    assert rule["expr"].count("(") == rule["expr"].count(")")


def test_outcomes_are_exported_before_they_happen(samples: dict[str, list[dict[str, str]]]) -> None:
    # An increase needs two samples: without the first, the first unknown outcome is missed.
    outcomes = {
        labels["outcome"] for labels in samples["event_store_append_duration_seconds_count"]
    }

    assert {"unknown", "overloaded", "unavailable"} <= outcomes


def test_every_increase_counts_the_first_sample_too() -> None:
    # OpenTelemetry creates a series at its first event: `increase` misses that sample.
    counted = 0
    for expression in expressions():
        found = _INCREASE.findall(expression)
        assert len(found) == expression.count("increase(")
        for series, over in found:
            assert f"{series} unless {series} offset {over}" in " ".join(expression.split())
            counted += 1

    assert counted == 8


FIRST_EVER = [
    ("EventStoreOutcomesUnknown", 'append_duration_seconds_count{outcome="unknown"}'),
    ("EventStoreOverloaded", 'append_duration_seconds_count{outcome="overloaded"}'),
    ("EventStoreHoles", 'read_duration_seconds_count{outcome="hole"}'),
    ("EventStoreFeedUnannounced", "feed_scan_found_total{}"),
    ("EventStoreFeedHeldUp", "feed_held_up_total{}"),
]


@pytest.mark.parametrize(("alert", "series"), FIRST_EVER)
@pytest.mark.skipif(shutil.which("promtool") is None, reason="needs promtool, of Prometheus")
def test_the_first_event_of_a_series_raises_an_alert(
    tmp_path: Path, alert: str, series: str
) -> None:
    """From an exporter that shows zeros and from one that does not; then the alert ends."""
    labelled = series.replace("{", '{db_namespace="%s",db_collection_name="events",instance="a",')
    of = f'count by (db_namespace) (ALERTS{{alertname="{alert}"}})'
    both = [{"labels": f'{{db_namespace="{name}"}}', "value": 1} for name in ("sudden", "zeros")]
    again = [{"labels": '{db_namespace="sudden"}', "value": 1}]
    judged = {
        "rule_files": [str(DOCS / "alerts.yaml")],
        "tests": [
            {
                "interval": "1m",
                "input_series": [
                    {"series": f"event_store_{labelled % name}", "values": values}
                    for name, values in (
                        ("sudden", "_x10 1x20 2x20"),
                        ("zeros", "0x10 1x40"),
                        ("calm", "0x50"),
                    )
                ],
                "promql_expr_test": [
                    {"expr": of, "eval_time": time, "exp_samples": expected}
                    for time, expected in (("9m", []), ("11m", both), ("20m", []), ("34m", again))
                ],
            }
        ],
    }
    assert_judged(tmp_path, judged)


BY_PROCESS = {
    "EventStoreInFlightSaturated": ("requests_in_flight", ["3x30", "120x30"]),
    "EventStoreDisconnected": ("driver_connections", ["2x30", "0x30"]),
}
"""The rules on gauges, and what two processes report: one is well, and one is not."""


@pytest.mark.parametrize("alert", BY_PROCESS)
@pytest.mark.parametrize("label", ["pid", "instance"])
@pytest.mark.skipif(shutil.which("promtool") is None, reason="needs promtool, of Prometheus")
def test_a_gauge_raises_the_alert_for_the_process_that_it_is_of(
    tmp_path: Path, alert: str, label: str
) -> None:
    """With the label of prometheus-client's multiprocess mode, and for processes scraped alone."""
    name, reported = BY_PROCESS[alert]
    series = [
        {"series": f'event_store_{each}{{db_namespace="bank",{label}="{process}"}}', "values": of}
        for process, values in enumerate(reported)
        for each, of in ((name, values), ("requests_in_flight_limit", "128x30"))
    ]
    judged = {
        "rule_files": [str(DOCS / "alerts.yaml")],
        "tests": [
            {
                "interval": "1m",
                "input_series": series,
                "promql_expr_test": [
                    {
                        "expr": f'count by ({label}) (ALERTS{{alertname="{alert}",'
                        'alertstate="firing"})',
                        "eval_time": "20m",
                        "exp_samples": [{"labels": f'{{{label}="1"}}', "value": 1}],
                    }
                ],
            }
        ],
    }
    assert_judged(tmp_path, judged)


SILENCE: dict[str, tuple[dict[str, str], bool]] = {
    "works": ({'silence_seconds{instance="a"': "1x40", 'slices{instance="a"': "4x40"}, False),
    "stands by": (
        {
            'silence_seconds{instance="a"': "1x40",
            'slices{instance="a"': "4x40",
            'silence_seconds{instance="b"': "1x40",
            'slices{instance="b"': "0x40",
        },
        False,
    ),
    "is not answered": (
        {'silence_seconds{instance="a"': "100x40", 'slices{instance="a"': "4x40"},
        True,
    ),
    "has ended, its process has not": (
        {'silence_seconds{instance="a"': "1x10", 'slices{instance="a"': "4x10 0x30"},
        True,
    ),
    "is gone": ({'silence_seconds{instance="a"': "1x14", 'slices{instance="a"': "4x14"}, True),
    "was dropped": (
        {
            'silence_seconds{pid="7"': "1x14" + " NaN" * 26,
            'slices{pid="7"': "4x14" + " NaN" * 26,
        },
        True,
    ),
}
"""What the members of a group report, and whether nobody works after 20 minutes."""


@pytest.mark.parametrize("case", SILENCE)
@pytest.mark.skipif(shutil.which("promtool") is None, reason="needs promtool, of Prometheus")
def test_a_subscription_on_which_nobody_works_raises_an_alert(tmp_path: Path, case: str) -> None:
    reported, fires = SILENCE[case]
    series = {
        f'event_store_subscription_{name},db_namespace="bank",subscription="mails"}}': values
        for name, values in reported.items()
    }
    assert_fires(tmp_path, "EventStoreSubscriptionSilent", "subscription", series, fires=fires)


NOT_SEQUENCED: dict[str, tuple[dict[str, str], bool]] = {
    "works": ({'instance="a"': "1x40"}, False),
    "one does not see it": ({'instance="a"': "1x40", 'instance="b"': "100x40"}, False),
    "nobody sees it": ({'instance="a"': "100x40", 'instance="b"': "100x40"}, True),
    "the last one is gone": ({'instance="a"': "1x14"}, True),
    "another one watches": ({'instance="a"': "1x14", 'instance="b"': "1x40"}, False),
    "the last one was dropped": ({'pid="7"': "1x14" + " NaN" * 26}, True),
}
"""What watches a sequencer, and whether nobody publishes after 20 minutes."""


@pytest.mark.parametrize("case", NOT_SEQUENCED)
@pytest.mark.skipif(shutil.which("promtool") is None, reason="needs promtool, of Prometheus")
def test_a_feed_that_nobody_publishes_raises_an_alert(tmp_path: Path, case: str) -> None:
    reported, fires = NOT_SEQUENCED[case]
    series = {
        f'event_store_feed_silence_seconds{{{process},db_namespace="bank"}}': values
        for process, values in reported.items()
    }
    assert_fires(tmp_path, "EventStoreFeedNotSequenced", "db_namespace", series, fires=fires)


def assert_judged(tmp_path: Path, judged: dict[str, Any]) -> None:
    """Let Prometheus judge the rules as its file of tests says."""
    file = tmp_path / "judged.yaml"
    file.write_text(yaml.safe_dump(judged))

    done = subprocess.run(
        ["promtool", "test", "rules", str(file)], capture_output=True, text=True, check=False
    )

    assert done.returncode == 0, done.stdout + done.stderr


def assert_fires(
    tmp_path: Path, alert: str, label: str, series: dict[str, str], *, fires: bool
) -> None:
    """Let Prometheus judge whether an alert fires after 22 minutes of some series."""
    value = {"subscription": "mails", "db_namespace": "bank"}[label]
    expected = [{"labels": f'{{{label}="{value}"}}', "value": 1}] if fires else []
    judged = {
        "rule_files": [str(DOCS / "alerts.yaml")],
        "tests": [
            {
                "interval": "1m",
                "input_series": [
                    {"series": name, "values": values} for name, values in series.items()
                ],
                "promql_expr_test": [
                    {
                        "expr": f'count by ({label}) (ALERTS{{alertstate="firing",'
                        f'alertname="{alert}"}})',
                        "eval_time": "22m",
                        "exp_samples": expected,
                    }
                ],
            }
        ],
    }
    assert_judged(tmp_path, judged)


def test_the_page_names_every_metric_record_and_field() -> None:
    page = (DOCS.parent / "telemetry.md").read_text("utf-8")
    names = {name for it in INSTRUMENTS for name in (it.name, it.prometheus_name, *it.labels)}
    for record in get_args(hooks.Record):
        names |= {record.__name__, *record.__dataclass_fields__}
    for outcomes in (
        hooks.AppendOutcome,
        hooks.AttemptOutcome,
        hooks.ReadOutcome,
        hooks.SnapshotOperation,
        hooks.SnapshotOutcome,
        key_hooks.KeyOperation,
        key_hooks.KeyOutcome,
        subscription_hooks.HandledOutcome,
        subscription_hooks.AppliedOutcome,
        subscription_hooks.CommittedOutcome,
        subscription_hooks.LeaseChange,
        subscription_hooks.GenerationChange,
    ):
        names |= set(get_args(outcomes))

    assert [name for name in sorted(names) if f"`{name}`" not in page] == []


def test_the_page_names_every_attribute_of_spans(exported: Exported) -> None:
    page = (DOCS.parent / "telemetry.md").read_text("utf-8")
    exported.opentelemetry(
        records.append(
            outcome="unknown", error="E", attempts=[records.attempt(outcome="unknown", fault="F")]
        )
    )
    exported.opentelemetry(records.read())
    exported.opentelemetry(
        records.snapshot(operation="reject", outcome="rejected", reason="it is above the head")
    )
    begun = HandlingBegun(
        records.BANK, "mails", 3, records.STARTED, given_events(NewEvent({}, "withdrawn"))
    )
    with exported.opentelemetry.around_handler(begun):
        exported.opentelemetry(records.handled(outcome="parked", error="ValueError"))
    names = {name for span in exported.spans for name in attributes(span)}
    names |= {name for span in exported.spans for it in span.events for name in it.attributes or {}}

    assert [name for name in sorted(names) if f"`{name}`" not in page] == []
    assert len(names) > 20
