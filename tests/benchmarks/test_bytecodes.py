"""What is counted of the functions that a peer executes."""

import pytest

from benchmarks import bytecodes


def double(number: int) -> int:
    return number + number


def test_each_function_is_counted_by_its_calls_and_its_bytecodes() -> None:
    tracer = bytecodes.Tracer()
    with tracer.counting():
        for number in range(3):
            double(number)
    double(3)  # no longer counted

    code = double.__code__
    assert tracer.calls[code] == 3
    executed = tracer.bytecodes[code]
    assert executed >= 9, "at least two loads, an addition and a return, three times"
    assert executed % 3 == 0


def test_the_report_is_for_each_event(capsys: pytest.CaptureFixture[str]) -> None:
    tracer = bytecodes.Tracer()
    code = double.__code__
    tracer.calls[code] = 6
    tracer.bytecodes[code] = 30

    bytecodes.report(tracer, events=3, rows=1)

    first, second = capsys.readouterr().out.splitlines()
    assert first == "10 bytecodes and 2.0 calls"
    assert second.split() == [
        *["10.0", "2.00"],
        f"tests/benchmarks/test_bytecodes.py:{code.co_firstlineno}",
        "double",
    ]
