"""C6, C9, C10, C11 and others: functions and options of the driver that our code never uses."""

import ast
import re
from pathlib import Path

import pytest

from event_store_async import cql_files
from event_store_async.cassandra.driver import port as driver
from event_store_async.cassandra.driver.tls import Tls

PACKAGE = Path(cql_files.__file__).parent
DRIVER = Path(driver.__file__)
CQL = sorted(Path(str(cql_files.cql_root())).rglob("*.cql"))


def names_in(path: Path) -> set[str]:
    """Return every name, attribute, keyword and short text in a module."""
    names: set[str] = set()
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Name):
            names.add(node.id)
        elif isinstance(node, ast.Attribute):
            names.add(node.attr)
        elif isinstance(node, ast.keyword):
            names.add(node.arg or "")
        elif isinstance(node, ast.alias):
            names.add(node.name.partition(".")[0])
        elif isinstance(node, ast.ImportFrom):
            names.add((node.module or "").partition(".")[0])
        elif isinstance(node, ast.Constant) and isinstance(node.value, str):
            names.add(node.value)
    return names


def test_one_module_only_imports_the_driver() -> None:
    importers = [path for path in PACKAGE.rglob("*.py") if "acsylla" in names_in(path)]

    assert importers == [DRIVER]


@pytest.mark.parametrize("path", CQL, ids=lambda path: path.stem)
def test_no_statement_uses_a_type_that_the_driver_corrupts(path: Path) -> None:
    """C6: decimals are written as text, varint refuses an int, and ascii is cut at a NUL."""
    words = set(path.read_text(encoding="utf-8").lower().replace(",", " ").split())

    assert not words & {"decimal", "varint", "ascii", "counter", "duration", "vector"}


UNLIMITED = {"read_slices"}
"""Reads of several partitions that have any number of rows, such as parked streams."""


@pytest.mark.parametrize("path", CQL, ids=lambda path: path.stem)
def test_a_read_of_several_partitions_asks_for_all_of_them_at_once(path: Path) -> None:
    """Without a limit, or with a higher one than the page size, a node reads one after another."""
    text = "\n".join(
        line for line in path.read_text(encoding="utf-8").splitlines() if line[:2] != "--"
    )
    keys = re.search(r"SELECT[^;]*\b(stream_id|subject|slice) IN\b", text)

    assert keys is None or path.stem in UNLIMITED or text.rstrip().endswith("LIMIT :max_count;")


@pytest.mark.parametrize(
    "name",
    [
        "create_session",  # C1: hangs if it is cancelled
        "PEER_IDENTITY",  # C7: does not check the identity
        "timestamp_gen",  # C9
        "dse_plaintext_authenticator",  # C10
        "client_id",  # C10
        "as_cql_query",  # C11
        "get_metadata",
        "set_keyspace",  # breaks prepared statements, and takes unchecked text
        "use_keyspace",
        "query",  # guesses types; its iteration repeats rows
        "prepared_query",
        "as_named_tuple",
        "use_beta_protocol_version",
        "host_listener_callback",
        "logging_callback",  # belongs to the newest cluster of the process only
    ],
)
def test_no_module_uses_what_leads_to_a_hazard(name: str) -> None:
    users = [
        path
        for folder in ("cassandra",)
        for path in (PACKAGE / folder).rglob("*.py")
        if name in names_in(path)
    ]

    assert users == []


def test_every_cluster_gets_the_settings_that_conditional_writes_need() -> None:
    used = names_in(DRIVER)

    assert {"retry_policy", "fallthrough", "ssl_enabled", "set_ssl"} <= used


def test_tls_checks_the_identity_unless_told_otherwise(tmp_path: Path) -> None:
    """C7: the numbers, since the driver's name for the second one is an alias of the first."""
    ca = tmp_path / "ca.pem"
    ca.write_text("-----BEGIN CERTIFICATE-----\nMA==\n-----END CERTIFICATE-----\n")

    assert Tls(ca=ca).driver_options()["verify_flags"] == 1 | 2
    assert Tls(ca=ca, identity="hostname").driver_options()["verify_flags"] == 1 | 4
    assert Tls(ca=ca, identity="unchecked").driver_options()["verify_flags"] == 1
