"""Payloads: small JSON objects of the same size, each different, the same for the same seed."""

from random import Random
from typing import Any
from uuid import UUID

import orjson

Payload = dict[str, Any]


def make_payloads(count: int, size: int, seed: int) -> list[Payload]:
    """
    Return *count* payloads.

    Args:
        count: The number of payloads.
        size: Bytes of each as compact JSON; below about 90, which the fields alone take, the
            payloads have one field only.
        seed: The seed of the random parts.
    """
    random = Random(seed)
    return [_payload(number, size, random) for number in range(count)]


def stream_ids(count: int, seed: int) -> list[UUID]:
    """Return the ids of *count* streams, the same for the same seed in every process."""
    random = Random(f"streams {seed}")
    return [UUID(int=random.getrandbits(128), version=4) for _ in range(count)]


def _payload(number: int, size: int, random: Random) -> Payload:
    payload: Payload = {
        "type": "money-deposited",
        "number": number,
        "amount": random.randrange(1, 1_000_000),
        "currency": "EUR",
        "note": "",
    }
    if size < len(orjson.dumps(payload)):
        payload = {"note": ""}
    missing = max(0, size - len(orjson.dumps(payload)))
    # Random, so that nothing on the way to the disk can compress it.
    payload["note"] = random.randbytes((missing + 1) // 2).hex()[:missing]
    return payload
