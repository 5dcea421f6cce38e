"""Payloads: small JSON objects of one size, each different, the same for the same seed."""

from random import Random
from typing import Any

import orjson

Payload = dict[str, Any]


def make_payloads(count: int, size: int, seed: int) -> list[Payload]:
    """
    Return *count* payloads.

    Args:
        count: How many.
        size: Bytes of each as compact JSON; an object's fields alone take about 90, and none is
            cut to fit into less.
        seed: Where the differences come from.
    """
    random = Random(seed)
    return [_payload(number, size, random) for number in range(count)]


def _payload(number: int, size: int, random: Random) -> Payload:
    payload: Payload = {
        "type": "money-deposited",
        "number": number,
        "amount": random.randrange(1, 1_000_000),
        "currency": "EUR",
        "note": "",
    }
    missing = max(0, size - len(orjson.dumps(payload)))
    # Random, so that nothing between here and the disk can compress it away.
    payload["note"] = random.randbytes((missing + 1) // 2).hex()[:missing]
    return payload
