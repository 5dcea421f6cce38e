"""`event-store subject` and `schema create-keys`: forgotten, shown, re-wrapped."""

import asyncio
import json
import os
import pty
import subprocess
from pathlib import Path
from uuid import UUID, uuid4

import pytest
import pytest_asyncio

from event_store_async import EventStore
from event_store_async.cassandra import CassandraKeyStore
from event_store_async.cli.failures import explain
from event_store_async.errors import KeyOutcomeUnknown
from event_store_async.privacy import MasterKeys
from tools.terminal import shown_on

from ..fixtures.server import Server
from ..fixtures.stores import drop_keyspace
from .running import COMMAND, QUIET, Shell


@pytest_asyncio.fixture(scope="module", loop_scope="session", autouse=True)
async def table(server: Server, store: EventStore) -> None:
    """Create the table of keys in the keyspace of the module."""
    await store.key_store(None).create_schema(server.replication)


@pytest.fixture
def subject() -> str:
    return f"customer-{uuid4().hex}"


@pytest.fixture
def old() -> str:
    """Give a line of a file of master keys."""
    return MasterKeys.generate("old")


def written(folder: Path, *lines: str) -> str:
    path = folder / "master-keys"
    path.write_text("\n".join(lines))
    path.chmod(0o600)
    return str(path)


@pytest.fixture
def keys(store: EventStore, old: str, tmp_path: Path) -> CassandraKeyStore:
    return store.key_store(MasterKeys.from_file(written(tmp_path, old)))


async def test_a_subject_is_forgotten(shell: Shell, keys: CassandraKeyStore, subject: str) -> None:
    key = (await keys.key_for([subject]))[subject]

    before = await shell("subject", "status", subject)
    done = await shell("subject", "forget", subject, "--yes")
    again = await shell("subject", "forget", subject, "--yes", "--json")
    after = await shell("subject", "status", subject, "--json")

    known = (await keys.status([subject]))[subject]
    assert known.created_at is not None
    assert known.forgotten_at is not None
    created = known.created_at.isoformat(timespec="milliseconds").replace("+00:00", "Z")
    forgotten = known.forgotten_at.isoformat(timespec="milliseconds").replace("+00:00", "Z")
    assert (before.code, before.lines) == (0, [f"key\t{key.id}\told\t{created}\t-"])
    assert (done.code, done.lines) == (0, [f"forgotten\t{forgotten}"])
    assert again.code == 0
    assert json.loads(again.out) == {
        "subject": subject,
        "outcome": "forgotten",
        "forgotten_at": forgotten,
    }
    assert json.loads(after.out) == {
        "subject": subject,
        "state": "forgotten",
        "key_id": str(key.id),
        "master": None,
        "created_at": created,
        "forgotten_at": forgotten,
    }


async def test_a_subject_that_is_not_known(shell: Shell, subject: str) -> None:
    shown = await shell("subject", "status", subject)
    told = await shell("subject", "status", subject, "--json")
    done = await shell("subject", "forget", subject, "--yes")

    assert (shown.code, shown.lines) == (0, ["unknown\t-\t-\t-\t-"])
    assert json.loads(told.out)["state"] == "unknown"
    assert done.code == 0
    assert (await shell("subject", "status", subject)).out.startswith("forgotten\t-\t-\t-\t2")


async def test_without_a_terminal_it_must_be_said_that_it_is_meant(
    nowhere: Shell, dead_port: int, subject: str
) -> None:
    done = await nowhere("subject", "forget", subject, "--keyspace", "k", "--port", str(dead_port))

    assert (done.code, done.out) == (2, "")
    assert "give --yes" in done.err


@pytest.mark.parametrize(("answer", "code"), [("n", 1), ("y", 0)])
async def test_a_terminal_is_asked(
    shell: Shell, keys: CassandraKeyStore, subject: str, answer: str, code: int
) -> None:
    key = (await keys.key_for([subject]))[subject]

    def answered() -> tuple[str, int]:
        master, slave = pty.openpty()
        process = subprocess.Popen(
            [*COMMAND, "subject", "forget", subject],
            stdin=slave,
            stdout=slave,
            stderr=slave,
            cwd=shell.folder,
            env={**os.environ, **QUIET, **shell.environment},
        )
        os.close(slave)
        os.write(master, f"{answer}\n".encode())
        return shown_on(master), process.wait(60)

    shown, ended = await asyncio.to_thread(answered)

    assert ended == code
    assert f"Destroy the key of subject {subject}, for good?" in " ".join(shown.split())
    assert ("nothing is forgotten" in shown) is bool(code)
    assert ((await keys.get([subject]))[subject] == key) is bool(code)


@pytest.mark.parametrize("wrong", ["", "a\nb", "x" * 201])
@pytest.mark.parametrize("command", [["forget", "--yes"], ["status"]], ids=["forget", "status"])
async def test_what_is_not_a_subject_is_refused_before_anything_is_sent(
    nowhere: Shell, dead_port: int, command: list[str], wrong: str
) -> None:
    there = ["--keyspace", "k", "--port", str(dead_port)]
    done = await nowhere("subject", command[0], wrong, *command[1:], *there)

    assert (done.code, done.out) == (2, "")
    assert "a subject must be 1 to 200 printable characters" in done.err


# Re-wrapping


async def test_all_keys_are_rewrapped(
    shell: Shell, server: Server, keyspace: str, old: str, subject: str
) -> None:
    new = MasterKeys.generate("new")
    there = ["--keys-keyspace", f"{keyspace}_own", "--keys-table", "own_keys"]
    ((datacenter, replicas),) = server.replication.items()
    wrapper = MasterKeys.from_file(written(shell.folder, old))
    async with server.connect(keyspace) as store:
        created = await shell(
            "schema", "create-keys", *there, "--replication", f"{datacenter}={replicas}"
        )
        keys = store.key_store(wrapper, keyspace=f"{keyspace}_own", table="own_keys")
        subjects = [f"{subject}-{number}" for number in range(20)]
        before = await keys.key_for(subjects)
        await keys.forget(subjects[0])
        both = written(shell.folder, new, old)

        planned = await shell("subject", "rewrap", *there, "--dry-run")
        done = await shell("subject", "rewrap", *there, "--master-keys-file", both)
        again = await shell(
            "subject", "rewrap", *there, "--json", EVENT_STORE_MASTER_KEYS=f"{new},{old}"
        )

        renewed = store.key_store(
            MasterKeys.from_file(written(shell.folder, new)),
            keyspace=f"{keyspace}_own",
            table="own_keys",
        )
        assert created.lines[0] == f"{keyspace}_own.own_keys: created; schema version 1"
        assert (planned.code, planned.lines[-1]) == (0, "keys       19 keys of old")
        assert (done.code, done.lines) == (
            0,
            [
                "subjects   20",
                "re-wrapped 19",
                "forgotten  1",
                "failed     0",
                "keys       19 keys of new",
            ],
        )
        assert again.code == 0
        assert json.loads(again.out) == {
            "subjects": 20,
            "rewrapped": 0,
            "forgotten": 1,
            "failed": 0,
            "masters": {"new": 19},
        }
        assert await renewed.get(subjects[1:]) == {each: before[each] for each in subjects[1:]}
        await drop_keyspace(store, f"{keyspace}_own")


async def test_a_master_key_that_is_missing_is_a_finding(
    shell: Shell, store: EventStore, subject: str
) -> None:
    keys = store.key_store(
        MasterKeys.from_file(written(shell.folder, MasterKeys.generate("lost"))),
        table="keys_of_lost",
    )
    await keys.create_schema()
    await keys.key_for([subject])
    given = written(shell.folder, MasterKeys.generate("new"))
    command = ["subject", "rewrap", "--keys-table", "keys_of_lost", "--master-keys-file", given]

    done = await shell(*command)
    told = await shell(*command, "--json")

    assert done.code == told.code == 5
    assert f"the key of subject '{subject}' is wrapped with master key 'lost'" in done.lines[0]
    assert "failed     1" in done.lines
    first, last = map(json.loads, told.lines)
    assert first["subject"] == subject
    assert last["failed"] == 1


async def test_master_keys_must_be_given_and_valid(shell: Shell) -> None:
    nothing = await shell("subject", "rewrap")
    absent = await shell("subject", "rewrap", "--master-keys-file", "nowhere")
    (shell.folder / "wrong").write_text("m1: c2VjcmV0")
    wrong = await shell("subject", "rewrap", "--master-keys-file", "wrong")
    open_to_all = shell.folder / "open"
    open_to_all.write_text(MasterKeys.generate("m1"))
    open_to_all.chmod(0o644)
    warned = await shell("subject", "rewrap", "--master-keys-file", "open", "--keys-table", "none")

    for done in (nothing, absent, wrong):
        assert (done.code, done.out) == (2, "")
    assert "no master key is given" in nothing.err
    assert "EVENT_STORE_MASTER_KEYS" in nothing.err
    assert "cannot be read" in absent.err
    assert "c2VjcmV0" not in wrong.err, "it may be a secret"
    assert "other users may read or change the file of master keys" in warned.err


async def test_master_keys_given_as_the_file_are_not_shown(shell: Shell) -> None:
    key = MasterKeys.generate("2026")
    (shell.folder / "event-store.toml").write_text(f'master_keys_file = "{key}"')

    for done in (
        await shell("subject", "rewrap", "--master-keys-file", key),
        await shell("subject", "rewrap"),
    ):
        assert (done.code, done.out) == (2, "")
        assert "the file of master keys cannot be read" in done.err
        assert key.removeprefix("2026:")[:20] not in done.err.replace("\n", "")


# The table


async def test_the_table_is_created(shell: Shell, keyspace: str) -> None:
    there = ["--keys-table", "created_keys"]

    missed = await shell("subject", "status", "customer-1", *there)
    planned = await shell("schema", "create-keys", *there, "--dry-run")
    done = await shell("schema", "create-keys", *there)
    again = await shell("schema", "create-keys", *there)
    shown = await shell("subject", "status", "customer-1", *there)

    assert missed.code == 1
    assert f"event-store schema create-keys --keyspace {keyspace} --keys-table" in missed.err
    assert planned.code == 0
    assert f'CREATE TABLE IF NOT EXISTS "{keyspace}"."created_keys"' in planned.out
    assert done.lines[0] == f"{keyspace}.created_keys: created; schema version 1"
    assert again.lines[0] == f"{keyspace}.created_keys: nothing to do; schema version 1"
    assert (shown.code, shown.lines) == (0, ["unknown\t-\t-\t-\t-"])


async def test_a_new_keyspace_needs_its_replication(shell: Shell, keyspace: str) -> None:
    done = await shell("schema", "create-keys", "--keys-keyspace", f"{keyspace}_none")

    assert (done.code, done.out) == (2, "")
    assert f"there is no keyspace {keyspace}_none" in done.err


async def test_names_that_are_not_safe_are_refused(shell: Shell) -> None:
    for option in ("--keys-keyspace", "--keys-table"):
        done = await shell("subject", "status", "customer-1", option, 'a"b')
        assert (done.code, done.out) == (2, "")


async def test_an_unknown_outcome_has_its_exit_code() -> None:
    failure = explain(KeyOutcomeUnknown("customer-1", "forget"))

    assert failure.code == 4
    assert failure.hint == "repeat the command; it is safe"


async def test_a_lost_key_is_a_finding_of_verify(
    shell: Shell, store: EventStore, stream_id: UUID, subject: str
) -> None:
    sealed = {"$personal": {"subject": subject, "key": str(uuid4()), "data": "AQ=="}}
    await store.persist_events(stream_id, [{"name": sealed}])

    plain = await shell("verify")
    done = await shell("verify", "--keys")
    missed = await shell("verify", "--keys", "--keys-table", "nowhere")
    await shell("subject", "forget", subject, "--yes")
    after = await shell("verify", "--keys")

    assert plain.code == after.code == 0
    assert done.code == 5
    assert f"stream {stream_id}, version 1: lost-key: subject '{subject}' has no key" in done.out
    assert missed.code == 1
    assert "schema create-keys" in missed.err


async def test_the_doctor_looks_at_the_table_of_keys(shell: Shell, keyspace: str) -> None:
    done = await shell("doctor", "--json")
    without = await shell("doctor", "--json", "--keys-table", "nowhere")

    found = {each["check"]: each for each in json.loads(done.out)["findings"]}
    assert found["keys"]["found"] == f"{keyspace}.subject_keys, schema version 1"
    assert found["keys keyspace"]["level"] == "advice"
    assert "keys" not in {each["check"] for each in json.loads(without.out)["findings"]}
