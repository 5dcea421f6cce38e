"""The follower of UmaDB's subscription, for deliveries: a process of its own (`followers`)."""

import orjson

from .followers import READY, handled, say
from .protocol import Options, parse_options


def follow(options: Options) -> None:
    """Subscribe to all events after the last one, until the process is ended."""
    import umadb

    client = umadb.Client(f"http://{options.contact}:{options.port}")
    events = client.subscribe(after=client.head())
    say(READY)
    for item in events:
        handled(orjson.loads(item.event.data))


if __name__ == "__main__":
    follow(parse_options())
