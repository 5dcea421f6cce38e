"""The small example prints what its docstring says."""

from collections.abc import Callable

import pytest

from event_store_async import EventStore
from examples import bank, cassandra


@pytest.mark.usefixtures("pointed_at_the_server")
async def test_it_prints_what_its_docstring_says(
    store: EventStore,
    keyspace: str,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    # The example's own keyspace could be in use on the cluster under test.
    open_store: Callable[[str], object] = lambda _: cassandra.open_store(keyspace)  # noqa: E731
    monkeypatch.setattr(bank, "open_store", open_store)

    await bank.main()

    _, _, documented = (bank.__doc__ or "").partition("prints::\n\n")
    assert capsys.readouterr().out.splitlines() == [
        line.strip() for line in documented.splitlines()
    ]
