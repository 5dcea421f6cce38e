"""The phases of a trace of a batch."""

from collections import Counter

from benchmarks.hot_trace import phase_table, phases


def test_a_phase_lasts_until_the_first_moment_of_the_next_one() -> None:
    moments = [
        ("Reading existing values for CAS precondition", 100),
        ("Preparing 123 with read", 150),
        ("Appending to commitlog", 170),
        ("Executing single-partition query on events", 200),
        ("CAS precondition is met; proposing client-requested updates for 123", 300),
        ("Committing proposal Committed(123)", 420),
        ("Accepting proposal Accepted(123)", 400),
        ("Appending to commitlog", 430),
        ("CAS successful", 480),
    ]

    assert phases(moments, 500) == Counter(
        {
            "receiving the batch": 100,
            "choosing a ballot": 50,
            "promising": 50,
            "reading the version": 100,
            "making the update, and proposing it": 100,
            "accepting it": 20,
            "committing it to the log and the table": 60,
            "answering": 20,
        }
    )
    assert phases([], 70) == Counter({"receiving the batch": 70})


def test_the_table_shows_medians() -> None:
    one = [Counter({"promising": each}) for each in (1, 2, 90)]

    made = phase_table({1: one, 64: [Counter({"promising": 5})]})

    assert "| µs, traced | events: 1 | events: 64 |" in made
    assert "| promising | 2 | 5 |" in made
    assert "| whole | 2 | 5 |" in made
