"""The plugin's store with a feed, in a user's own project: the module of docs/testing.md."""

from pathlib import Path

import pytest

from ..fixtures.server import Server

PAGE = Path(__file__).parents[2] / "docs" / "testing.md"


def test_the_module_of_the_documentation(pytester: pytest.Pytester, server: Server) -> None:
    _, _, rest = PAGE.read_text("utf-8").partition(
        "<!-- run by: tests/plugin/test_feed.py -->\n```py\n"
    )
    module, _, _ = rest.partition("```")
    pytester.makepyfile(module)
    (datacenter, replicas), *_ = server.replication.items()

    result = pytester.runpytest_subprocess(
        "-oasyncio_default_fixture_loop_scope=function",
        f"--event-store-contact-points={','.join(server.contact_points)}",
        f"--event-store-port={server.port}",
        f"--event-store-datacenter={datacenter}",
        f"--event-store-replicas={replicas}",
    )

    result.assert_outcomes(passed=1)
