"""Profiles are made from the profiler's output. Nothing is sampled here."""

from collections import Counter
from xml.etree import ElementTree as ET

import pytest

from benchmarks.flames import WIDTH, flame_graph
from benchmarks.hotspots import by_area, by_function
from benchmarks.profiles import COLLECTOR, DRIVER, collapsed, frame_name, weighted

LOOP = "asyncio.base_events: BaseEventLoop._run_once"
SITE = "/somewhere/lib/python3.11/site-packages"


@pytest.mark.parametrize(
    ("frame", "name"),
    [
        ("draft (/x/event_store_async/drafts.py:84)", "event_store_async.drafts: draft"),
        (
            "Ours.own.<locals>.write (/x/benchmarks/peers/ours.py:42)",
            "benchmarks.peers.ours: Ours.own.<locals>.write",
        ),
        (f"Task.run ({SITE}/anyio/_core/_tasks.py:7)", "anyio._core._tasks: Task.run"),
        (f"__init__ ({SITE.rpartition('/')[0]}/uuid.py:139)", "uuid: __init__"),
        (f"0x7f26b12a3f16 ({SITE}/orjson/orjson.cpython-311.so)", "[orjson]"),
        ("0x7f26b12a3f16 (/usr/lib/libc.so.6)", "[libc]"),
        ("write (/usr/lib/libc.so.6)", "[libc] write"),
        ("gc_collect_main (/opt/lib/libpython3.11.so.1.0)", COLLECTOR),
        ("task_step (/tmp/build/Modules/_asynciomodule.c:2990)", "[C of Python]"),
        ("<module>", "<module>"),
    ],
)
def test_frames_are_named_without_a_path(frame: str, name: str) -> None:
    assert frame_name(frame) == name


def test_only_what_the_loop_runs_during_measurement_counts() -> None:
    loop = "BaseEventLoop._run_once (/p/lib/python3.11/asyncio/base_events.py:1)"
    text = "\n".join(
        [
            f"main (/x/benchmarks/peers/tasks.py:60);{loop};step (/t/tasks.c:9);"
            "draft (/x/event_store_async/drafts.py:84) 30",
            f"{loop};draft (/y/event_store_async/drafts.py:84) 12",
            f"{loop};make_payloads (/x/benchmarks/peers/payloads.py:9) 500",
            "Queue.get (/p/lib/python3.11/queue.py:154) 700",
        ]
    )

    assert collapsed(text) == {(LOOP, "event_store_async.drafts: draft"): 42}
    assert collapsed("") == {}


def test_rare_stacks_are_counted_to_their_parents() -> None:
    stacks = Counter({("a",): 10, ("a", "b"): 9_980, ("a", "b", "c"): 9, ("a", "d", "e"): 1})

    made = weighted(stacks, 50.0)

    assert made == {"a": 0.055, "a;b": 49.945}
    assert sum(made.values()) == pytest.approx(50.0)


STACKS = {
    DRIVER: 20.0,
    LOOP: 1.0,
    f"{LOOP};event_store_async.drafts: draft": 5.0,
    f"{LOOP};event_store_async.drafts: draft;[orjson]": 3.0,
    f"{LOOP};event_store_async.drafts: draft;{COLLECTOR}": 2.0,
}


def test_a_profile_by_area_and_by_function() -> None:
    assert by_area(STACKS) == {
        DRIVER: 20.0,
        "asyncio": 1.0,
        "the library": 5.0,
        "orjson": 3.0,
        COLLECTOR: 2.0,
    }
    functions = by_function(STACKS)
    assert functions["event_store_async.drafts: draft"] == (5.0, 10.0)
    assert functions[LOOP] == (1.0, 11.0)


def test_a_flame_graph_shows_all_profiles_at_one_scale() -> None:
    text = flame_graph({"raw": {DRIVER: 15.5}, "ours <1>": STACKS}, "µs")
    picture = ET.fromstring(text)  # noqa: S314 - it is our own
    boxes = {
        group[0].text: float(group[1].attrib["width"])
        for group in picture
        if group.tag.endswith("g")
    }

    assert boxes[f"{DRIVER}: 15.5 µs"] == pytest.approx(WIDTH / 2, abs=1)
    assert boxes[f"{LOOP}: 11 µs"] == pytest.approx(WIDTH * 11 / 31, abs=1)
    assert boxes["event_store_async.drafts: draft: 10 µs"] < boxes[f"{LOOP}: 11 µs"]
