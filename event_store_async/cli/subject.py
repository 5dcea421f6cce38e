"""``event-store subject``: forgets persons, and looks after their keys."""

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime
from typing import Annotated

import orjson
import typer

from ..cassandra import EventStore, KeyStatus, RewrapFailure, RewrapReport
from ..counts import counted
from ..environment import variable
from ..errors import SchemaMissing
from ..escape import escape
from ..moments import moment_text
from ..ports import KeyWrapper
from ..subject_key import check_subject
from .configuration import warn_of_readers
from .erase import Yes, confirm
from .exit_codes import ExitCode
from .failures import CommandFailed, wrong_usage
from .help import StoreCommand
from .options import FLAG, AsJson
from .output import LineWriter, waiting, write_json, write_lines
from .target import Target, run_with_store, with_target

app = typer.Typer(no_args_is_help=True, help="Forget persons; the keys that their fields need.")

Subject = Annotated[
    str, typer.Argument(metavar="SUBJECT", help="The subject, as programs name it.")
]


@app.command(cls=StoreCommand)
@with_target
def forget(target: Target, subject: Subject, *, yes: Yes = False, as_json: AsJson = False) -> None:
    """
    Destroy the key of a subject, for good: no program can read its personal fields any more.

    Programs that run may keep a key in memory, for a minute by default. It is safe to repeat, and
    needs no master key. Prints when the subject was forgotten, the first time.

    Exit codes: 4, no quorum answered in time: repeat the command.

    Examples:
    - `event-store subject forget --keyspace bank customer-17 --yes`
    """
    subject = check_subject(subject)
    confirm(
        f"Destroy the key of subject {escape(subject)}, for good?",
        yes,
        otherwise="nothing is forgotten",
    )

    async def run(store: EventStore) -> None:
        with keys_missed(target):
            forgotten = await target.key_store(store).forget(subject)
        moment = moment_text(forgotten.forgotten_at)
        if as_json:
            line = {"subject": subject, "outcome": "forgotten", "forgotten_at": moment}
            await write_json([orjson.dumps(line).decode()])
        else:
            await write_lines([f"forgotten\t{moment}"])

    run_with_store(target, run)


@app.command(cls=StoreCommand)
@with_target
def status(target: Target, subject: Subject, *, as_json: AsJson = False) -> None:
    """
    Show whether a subject has a key, or is forgotten.

    A line has `key`, `forgotten` or `unknown`, the id of its last key, the name of the master key
    that wraps it, when it was created, and when a key was last destroyed. It needs no master key.

    Examples:
    - `event-store subject status --keyspace bank customer-17`
    - `event-store subject status --keyspace bank customer-17 --json`
    """
    subject = check_subject(subject)

    async def run(store: EventStore) -> None:
        with keys_missed(target):
            found = (await target.key_store(store).status([subject])).get(subject)
        facts = _facts(subject, found)
        if as_json:
            await write_json([orjson.dumps(facts).decode()])
        else:
            await write_lines(["\t".join(each or "-" for each in list(facts.values())[1:])])

    run_with_store(target, run)


@app.command(cls=StoreCommand)
@with_target
def rewrap(
    target: Target,
    *,
    dry_run: Annotated[
        bool,
        typer.Option(
            "--dry-run",
            metavar=FLAG,
            help="Change nothing: count the keys of each master key. It needs no master key.",
        ),
    ] = False,
    as_json: AsJson = False,
) -> None:
    """
    Wrap the keys of all subjects with the current master key: the first one that is given.

    Before it, give the new master key to every program. Afterwards, no key needs an older one. It
    is safe to interrupt and to repeat, and programs may run meanwhile.

    Exit codes: 5, keys could not be unwrapped; each is a line of the output.

    Examples:
    - `event-store subject rewrap --keyspace bank --dry-run`
    - `event-store subject rewrap --keyspace bank --master-keys-file master-keys`
    """
    wrapper = None if dry_run else master_keys(target)
    lines = LineWriter(as_json=as_json)

    async def print_failure(failure: RewrapFailure) -> None:
        line = {"subject": failure.subject, "failed": failure.message}
        await lines.write(orjson.dumps(line).decode() if as_json else failure.message)

    async def run(store: EventStore) -> None:
        keys = target.key_store(store, wrapper)
        with keys_missed(target), waiting("counting keys" if dry_run else "re-wrapping keys"):
            report = await keys.rewrap(dry_run=dry_run, on_failure=print_failure)
        if as_json:
            await write_json([orjson.dumps(report).decode()])
        else:
            await write_lines(_report(report))
        if report.failed:
            raise typer.Exit(ExitCode.FINDINGS)

    run_with_store(target, run)


def master_keys(target: Target) -> KeyWrapper:
    """
    Return the master keys that a target names.

    Raises:
        CommandFailed: it names none.
        InvalidArgument: they cannot be read, or are not master keys.
    """
    # Not above: it takes a package that is an extra.
    from ..privacy.master_keys import VARIABLE, MasterKeys

    path = target.master_keys_file
    if path is not None:
        keys = MasterKeys.from_file(path)
        warn_of_readers(path, "the file of master keys")
        return keys
    if variable(VARIABLE) is not None:
        return MasterKeys.from_environment()
    raise wrong_usage(
        "no master key is given",
        f"use --master-keys-file FILE, or set EVENT_STORE_MASTER_KEYS_FILE or {VARIABLE}",
    )


@contextmanager
def keys_missed(target: Target) -> Iterator[None]:
    """Say how to create the table of keys if it is missing during the block."""
    try:
        yield
    except SchemaMissing as error:
        options = f"--keyspace {target.keyspace}"
        if target.keys_keyspace is not None:
            options += f" --keys-keyspace {target.keys_keyspace}"
        if target.keys_table != "subject_keys":
            options += f" --keys-table {target.keys_table}"
        raise CommandFailed(
            error.message,
            hint="check --keys-keyspace and --keys-table, or create the table: `event-store schema "
            f"create-keys {options}`; for a new keyspace, with --replication DATACENTER=REPLICAS",
        ) from error


def _facts(subject: str, found: KeyStatus | None) -> dict[str, str | None]:
    if found is None:
        empty = dict.fromkeys(("key_id", "master", "created_at", "forgotten_at"))
        return {"subject": subject, "state": "unknown", **empty}
    return {
        "subject": subject,
        "state": "forgotten" if found.is_forgotten else "key",
        "key_id": None if found.key_id is None else str(found.key_id),
        "master": found.master,
        "created_at": _moment(found.created_at),
        "forgotten_at": _moment(found.forgotten_at),
    }


def _moment(moment: datetime | None) -> str | None:
    return None if moment is None else moment_text(moment)


def _report(report: RewrapReport) -> list[str]:
    counts = [f"{counted(count, 'key')} of {name}" for name, count in report.masters.items()]
    return [
        f"subjects   {report.subjects:,}",
        f"re-wrapped {report.rewrapped:,}",
        f"forgotten  {report.forgotten:,}",
        f"failed     {report.failed:,}",
        f"keys       {', '.join(counts) or 'none'}",
    ]
