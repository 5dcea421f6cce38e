"""``event-store schema``: creates, migrates and inspects the table."""

from collections.abc import Mapping, Sequence
from typing import Annotated

import orjson
import typer

from ..cassandra import (
    EventStore,
    SchemaReport,
    SchemaState,
    TableState,
)
from ..cassandra.schema.ddl import schema_cql
from ..counts import counted
from .failures import reported, wrong_usage
from .help import StoreCommand
from .options import FLAG, AsJson
from .output import (
    note,
    waiting,
    write_json,
    write_lines,
    write_text,
)
from .target import (
    Config,
    Keyspace,
    Profile,
    Table,
    Target,
    with_configuration,
    with_store,
)

app = typer.Typer(no_args_is_help=True, help="Create, migrate and inspect the events table.")

Replication = Annotated[
    list[str],
    typer.Option(
        "--replication",
        metavar="DATACENTER=REPLICAS",
        help="The number of replicas in a datacenter; once for each datacenter.",
    ),
]

ReplicationOfKeys = Annotated[
    list[str],
    typer.Option(
        "--replication",
        metavar="DATACENTER=REPLICAS",
        help="The number of replicas in a datacenter, if the keyspace does not exist; once for "
        "each datacenter.",
    ),
]

DryRun = Annotated[
    bool,
    typer.Option(
        "--dry-run",
        metavar=FLAG,
        help="Change nothing: print the CQL that would be run.",
    ),
]


@app.command()
def show(
    keyspace: Keyspace = None,
    table: Table = None,
    replication: Replication = ["datacenter1=3"],  # noqa: B006 - typer copies it
    config: Config = None,
    profile: Profile = None,
) -> None:
    """
    Print the CQL that `create` and `migrate` run on Cassandra 5.0 or later, without connecting.

    Without --keyspace, it is for the keyspace `bank`.

    Example:
    - `event-store schema show --keyspace bank --replication datacenter1=3`
    """
    with reported():
        options = with_configuration(
            {"keyspace": keyspace, "table": table, "config": config, "profile": profile}
        )
        files = schema_cql(
            options.get("keyspace", "bank"), options.get("table", "events"), _asked(replication)
        )
        write_text("".join(f"-- cql/{path}.cql\n{text}\n" for path, text in files))


@app.command(cls=StoreCommand)
@with_store
async def create(
    store: EventStore,
    replication: Replication,
    feed: Annotated[
        bool,
        typer.Option(
            "--feed",
            metavar=FLAG,
            help="Give a new table a feed as well. For one with events, see `feed enable`.",
        ),
    ] = False,
    dry_run: DryRun = False,
) -> None:
    """
    Create the keyspace and table if they do not exist, and migrate an older table.

    It is safe to repeat, and to run from several places at once. An existing keyspace keeps its
    replication. Use three replicas on three nodes or more.

    Examples:
    - `event-store schema create --keyspace bank --replication datacenter1=1 --dry-run`
    - `event-store schema create --keyspace bank --replication datacenter1=1`
    - `event-store schema create --keyspace bank --replication datacenter1=1 --feed`
    """
    asked = _asked(replication)
    if feed:
        _refuse_to_enable(await store.schema_state())
    if dry_run:
        await print_plan(await store.operations.plan_schema(asked, feed=feed))
        return
    with waiting("creating the schema"):
        report = await store.create_schema(asked, feed=feed)
    await print_report(report)
    if {name: str(count) for name, count in asked.items()} != _replication(report.replication):
        note("the keyspace existed before, and keeps its replication")


@app.command(cls=StoreCommand)
@with_store
async def migrate(store: EventStore, dry_run: DryRun = False) -> None:
    """
    Bring the table of an existing keyspace up to date, also one of the Clojure original.

    It never changes rows.

    Examples:
    - `event-store schema migrate --keyspace bank --dry-run`
    - `event-store schema migrate --keyspace bank`
    """
    if dry_run:
        await print_plan(await store.operations.plan_schema())
        return
    with waiting("migrating the schema"):
        report = await store.create_schema()
    await print_report(report)


@app.command("create-keys", cls=StoreCommand)
@with_store
async def create_keys(
    store: EventStore,
    target: Target,
    replication: ReplicationOfKeys = [],  # noqa: B006 - typer copies it
    dry_run: DryRun = False,
) -> None:
    """
    Create the table of the keys of subjects, and its keyspace if that does not exist.

    By default it is `subject_keys` in the keyspace of the events. In a keyspace of its own
    (--keys-keyspace), it can have other replicas and other backups. It is safe to repeat.

    Examples:
    - `event-store schema create-keys --keyspace bank`
    - `event-store schema create-keys --keys-keyspace bank_keys --replication datacenter1=1`
    """
    asked = _asked(replication) or None
    keys = target.key_store(store)
    if dry_run:
        await print_plan(await keys.plan_schema(asked))
        return
    with waiting("creating the table of keys"):
        report = await keys.create_schema(asked)
    await print_report(report)
    given = {name: str(count) for name, count in (asked or {}).items()}
    if given and given != _replication(report.replication):
        note("the keyspace existed before, and keeps its replication")


@app.command(cls=StoreCommand)
@with_store
async def status(store: EventStore, target: Target, as_json: AsJson = False) -> None:
    """
    Show the schema in the cluster.

    Exit code 1: a store could not use it.

    Examples:
    - `event-store schema status --keyspace bank`
    - `event-store schema status --keyspace bank --json`
    """
    state = await store.schema_state()
    if as_json:
        await write_json([_json(state)])
    else:
        lines = [
            f"cluster      {target.contact_points}, port {target.port}",
            f"server       {state.release}",
            f"replication  {_words(state.replication)}",
        ]
        for table in state.tables:
            version = table.version if table.columns else "none"
            lines.append(f"table        {table.name}")
            lines.append(f"version      {version} (needed: {table.spec.latest})")
            lines += [f"missing      {_addition(path)}" for path in _missing(table)]
        await write_lines(lines)
    state.check_usable()


async def print_plan(statements: Sequence[str]) -> None:
    """Print the CQL that would be run."""
    await write_lines(statements)
    if statements:
        note(f"{counted(len(statements), 'statement')} would be run; nothing was changed")
    else:
        note("nothing to do: the schema is up to date")


def _refuse_to_enable(state: SchemaState) -> None:
    """Raise `CommandFailed` if there is a table without a feed: others may append to it."""
    if state.columns and not state.has_feed:
        raise wrong_usage(
            f"the table {state.table} exists, and has no feed",
            hint="`event-store feed enable` gives it one, and says what else is to be done",
        )


def _replicas(text: str) -> tuple[str, int]:
    name, _, count = text.partition("=")
    if not name or not count.isdecimal():
        raise typer.BadParameter(f"{text!r} is not DATACENTER=REPLICAS, for example datacenter1=3")
    return name, int(count)


def _asked(texts: Sequence[str]) -> dict[str, int]:
    return dict(_replicas(text) for text in texts)


async def print_report(report: SchemaReport) -> None:
    """Print what was done with each table."""
    lines = []
    for table in report.tables:
        names = ", ".join([*table.migrations, *table.additions])
        done = "created" if table.created else names or "nothing to do"
        lines.append(f"{table.table}: {done}; schema version {table.version}")
    await write_lines([*lines, f"replication: {_words(report.replication)}"])


def _json(state: SchemaState) -> str:
    fields = {
        "table": state.table,
        "exists": bool(state.columns),
        "version": state.version,
        "needed": state.needed_version,
        "replication": state.replication,
        "release": state.release,
        "missing": [path.rpartition("/")[2] for path in _missing(state.tables[0])],
    }
    return orjson.dumps(fields).decode()


def _missing(table: TableState) -> tuple[str, ...]:
    """Return the additions that a table lacks, by the paths of their CQL files."""
    return table.missing_additions if table.columns else ()


def _addition(path: str) -> str:
    return f"{path.rpartition('/')[2]} (optional: `event-store schema migrate` adds it)"


def _replication(found: Mapping[str, str]) -> dict[str, str]:
    return {key: value for key, value in found.items() if key != "class"}


def _words(replication: Mapping[str, str] | None) -> str:
    if not replication:
        return "the keyspace does not exist"
    return ", ".join(f"{key}={value}" for key, value in _replication(replication).items())
