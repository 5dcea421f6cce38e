"""
One attempt at an exact version beside three rivals, with two checkouts of this repository in turns.

``python -m benchmarks.exact_attempts CHECKOUT`` compares the code of this checkout with that of the
other one, on one node: the 99th percentile of 200 attempts, in rounds. The rivals append at any
version, with the same code. Each of the other checkout's processes runs in its folder.
"""

import argparse
import asyncio
import random
from contextlib import AsyncExitStack
from pathlib import Path
from typing import Final

from .bench import OURS
from .peer import Peer, run_peer
from .processes import beside_rivals
from .spread import spread
from .tables import spread_text, table
from .variants import own_node

_PEERS: Final = 4
_ROUNDS: Final = 15
_RIVALS: Final = 6000
"""Events of each rival."""
_WARMING: Final = 1000


async def compare(checkouts: dict[str, Path]) -> dict[str, list[dict[str, float]]]:
    """Return the numbers of each checkout's rounds; the order of the checkouts alternates."""
    async with AsyncExitStack() as stack:
        cluster = await stack.enter_async_context(own_node())
        contact = cluster.contact_points[0]
        peers: dict[str, list[Peer]] = {}
        for name, checkout in checkouts.items():
            peers[name] = [
                await stack.enter_async_context(
                    run_peer(OURS, contact, cluster.port, f"exact_{name}", checkout)
                )
                for _ in range(_PEERS)
            ]
            for peer in peers[name]:
                await peer.ask(do="append", count=_WARMING, concurrency=16, manner="own")
            await beside_rivals(peers[name], _RIVALS)
        found: dict[str, list[dict[str, float]]] = {name: [] for name in checkouts}
        for _ in range(_ROUNDS):
            for name in random.sample(list(peers), len(peers)):
                found[name].append(await beside_rivals(peers[name], _RIVALS))
        return found


def exact_table(found: dict[str, list[dict[str, float]]]) -> str:
    """Return the medians over the rounds, with the lowest and the highest."""
    columns = ("p50_ms", "p99_ms", "longest_ms", "conflicts")
    rows = [
        [name, *(spread_text(spread([each[column] for each in rounds])) for column in columns)]
        for name, rounds in found.items()
    ]
    return table(["checkout", "p50, ms", "p99, ms", "longest, ms", "conflicts per attempt"], rows)


def main() -> None:
    """Run from the command line."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.exact_attempts")
    parser.add_argument("checkout", type=Path, help="the folder of another checkout")
    checkouts = {"other": parser.parse_args().checkout, "this": Path.cwd()}
    print(exact_table(asyncio.run(compare(checkouts))))


if __name__ == "__main__":
    main()
