"""The tables of the section about one stream: what a batch costs, and the model made of that."""

from .bench import OURS, RAW
from .hot_costs import BY_SIZE, HOT_COSTS
from .hot_model import CLIENT, SERVER, STORING, WAIT, WHOLE, per_batch, predictions, term
from .peers import BATCHES
from .results import Key, Results
from .spread import spread
from .tables import series_of, spread_text, table

_PARTS = (WHOLE, CLIENT, WAIT, SERVER, STORING)
_TERMS = (
    ("CPU time of the client, by hand", BATCHES, CLIENT),
    ("CPU time of the client, ours", OURS, CLIENT),
    ("wait for the server", BATCHES, WAIT),
)


def cost_table(results: Results) -> str:
    """Return what batches cost, by their sizes; empty if it was not measured."""
    rows = []
    for key in sorted(series_of(results, HOT_COSTS), key=_order):
        members = 1 if key.subject == RAW else key.x
        parts = [per_batch(results, key, what, members) for what in _PARTS]
        name = key.subject if key.case == BY_SIZE else f"{key.subject}: {key.case}"
        rows.append([name, str(members), *(spread_text(spread(part)) for part in parts)])
    columns = ("takes", "client CPU", "waits", "server CPU", "flushing and compacting")
    head = ["a batch", "events", *(f"{column}, µs" for column in columns)]
    return table(head, rows) if rows else ""


def model_tables(results: Results) -> str:
    """Return the terms of the model, and what it predicts; empty if a term was not measured."""
    found = predictions(results)
    if not found:
        return ""
    terms = [
        [text, spread_text(spread(it.batch)), spread_text(spread(it.event))]
        for text, subject, what in _TERMS
        if (it := term(results, subject, what)) is not None
    ]
    rows = [
        [it.text, *map(spread_text, (it.rate, it.measured, it.to_raw, it.measured_to_raw))]
        for it in found
    ]
    head = ["", "events/s by the model", "measured", "relative to raw by the model", "measured"]
    return f"{table(['µs', 'for a batch', 'for each event'], terms)}\n{table(head, rows)}"


def _order(key: Key) -> tuple[bool, int, int, str]:
    return key.case != BY_SIZE, (RAW, BATCHES, OURS).index(key.subject), key.x, key.case
