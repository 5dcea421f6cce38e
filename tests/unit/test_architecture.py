"""The architecture: imports point one way, and siblings do not import each other."""

import ast
from pathlib import Path

import pytest

PACKAGE = Path(__file__).parents[2] / "event_store_async"

LAYERS = [
    [
        "_typevars",
        "versions",
        "values",
        "plain",
        "moments",
        "tasks",
        "futures",
        "extras",
        "cql_files",
        "counts",
        "excerpt",
        "escape",
        "json_input",
        "iteration",
    ],
    ["ids"],
    ["events"],
    ["errors"],
    ["checks", "environment"],
    ["personal", "subject_key"],
    ["type_arguments"],
    ["marked_fields"],
    ["marked_objects"],
    ["results", "retry", "codec", "correlation", "ring", "health"],
    ["text_file"],
    ["stored", "snapshot", "stream_head", "cursor", "follower", "feeds"],
    ["hooks"],
    ["settings", "statistics", "ports"],
    ["encoding", "memory_feed", "memory_groups", "snapshots"],
    ["memory_subscriptions"],
    ["memory_row"],
    ["memory_stream"],
    ["memory_table"],
    ["cassandra", "memory"],
    ["privacy"],
    ["typed", "aggregates", "maintenance", "telemetry"],
    ["archive", "subscriptions", "sql"],
    ["embedded"],
    ["testing", "console"],
    ["cli"],
]
"""A part imports only parts of the layers above it in this list."""

CASSANDRA_LAYERS = [
    ["driver"],
    ["schema"],
    ["read"],
    ["append"],
    ["snapshots"],
    ["table"],
    ["feed"],
    ["subscriptions"],
    ["operations", "lifetime"],
    ["keys"],
    ["engine"],
    ["store"],
]
"""The rooms of the store on Cassandra; each imports only rooms of the layers above it."""

MAY_STAND_ALONE = {"embedded"}
"""Parts that import nothing from the library, so that they can be used without it."""


def imported_names(path: Path) -> set[str]:
    """Return the absolute names of the modules that a file imports."""
    package = ["event_store_async", *path.relative_to(PACKAGE).parts[:-1]]
    names: set[str] = set()
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            names |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            if node.level == 0:
                names.add(node.module or "")
                continue
            base = package[: len(package) - node.level + 1]
            if node.module:
                names.add(".".join([*base, node.module]))
            else:
                names |= {".".join([*base, alias.name]) for alias in node.names}
    return names


def edges(folder: Path, prefix: str) -> set[tuple[str, str]]:
    """Return the imports between the parts of a folder, as pairs of importer and imported."""
    found: set[tuple[str, str]] = set()
    for path in folder.rglob("*.py"):
        part = path.relative_to(folder).parts[0].removesuffix(".py")
        if part.startswith("__"):
            continue
        for name in imported_names(path):
            if name.startswith(f"{prefix}."):
                other = name.removeprefix(f"{prefix}.").partition(".")[0]
                if other != part and not other.startswith("__"):
                    found.add((part, other))
    return found


@pytest.mark.parametrize(
    ("folder", "prefix", "layers"),
    [
        (PACKAGE, "event_store_async", LAYERS),
        (PACKAGE / "cassandra", "event_store_async.cassandra", CASSANDRA_LAYERS),
    ],
    ids=["package", "cassandra"],
)
def test_imports_point_one_way(folder: Path, prefix: str, layers: list[list[str]]) -> None:
    layer = {name: number for number, names in enumerate(layers) for name in names}
    parts = {path.name.removesuffix(".py") for path in folder.iterdir()}
    parts = {name for name in parts if not name.startswith("__") and name != "py.typed"}

    assert parts == set(layer), "every part has a layer"
    wrong = [(one, other) for one, other in edges(folder, prefix) if layer[one] <= layer[other]]
    assert wrong == []


TOOLS_OF_THE_EMBEDDED_SERVER = ["checks", "environment", "errors", "excerpt", "json_input"]


def test_the_embedded_server_imports_only_errors_and_checks_of_the_library() -> None:
    used = {
        (one, other) for one, other in edges(PACKAGE, "event_store_async") if one in MAY_STAND_ALONE
    }

    assert used == {("embedded", tool) for tool in TOOLS_OF_THE_EMBEDDED_SERVER}


def test_only_one_module_imports_the_driver() -> None:
    users = {
        path.relative_to(PACKAGE).as_posix()
        for path in PACKAGE.rglob("*.py")
        if any(name.partition(".")[0] == "acsylla" for name in imported_names(path))
    }

    assert users == {"cassandra/driver/port.py"}


LONG: dict[str, str] = {
    "checks.py": "one short function for each kind of argument",
    "cassandra/store.py": "the façade: one class, and the docstrings of all its methods",
}
"""Modules of more than 400 lines, each with the reason why it is not two."""


def test_a_module_longer_than_four_hundred_lines_has_a_reason() -> None:
    long = {
        path.relative_to(PACKAGE).as_posix(): lines
        for path in PACKAGE.rglob("*.py")
        if (lines := path.read_text(encoding="utf-8").count("\n")) > 400
    }

    assert long.keys() == LONG.keys()


NOUNS_IN_ING = {
    "polling": "its class is Polling",
    "following": "the subject of contract tests",
    "listing": "the subject of contract tests",
    "encoding": "the encoded form of events",
    "finding": "its class is Finding",
    "monitoring": "the subject of a port, and of contract tests",
    "opening": "its class is Opening",
    "ring": "the ring of tokens",
    "closing": "the subject of contract tests",
    "reading": "the subject of contract tests",
    "rendering": "functions that render",
}
"""Files are nouns. These end in -ing all the same, each for its reason."""


def test_files_are_nouns() -> None:
    found = {path.stem for path in PACKAGE.rglob("*ing.py")}

    assert found == NOUNS_IN_ING.keys()


def test_a_class_name_has_one_meaning() -> None:
    places: dict[str, list[str]] = {}
    for path in PACKAGE.rglob("*.py"):
        for node in ast.parse(path.read_text(encoding="utf-8")).body:
            if isinstance(node, ast.ClassDef) and not node.name.startswith("_"):
                places.setdefault(node.name, []).append(path.relative_to(PACKAGE).as_posix())

    assert {name: found for name, found in places.items() if len(found) > 1} == {}


def test_every_module_has_a_docstring() -> None:
    missing = [
        path.relative_to(PACKAGE).as_posix()
        for path in PACKAGE.rglob("*.py")
        if not ast.get_docstring(ast.parse(path.read_text(encoding="utf-8")))
    ]

    assert missing == []


def test_plans_are_announced_where_they_are_sent_and_nowhere_else() -> None:
    """The quick attempt announces in the executor, a careful one and a restore in the settler."""
    announcing = {
        (path.relative_to(PACKAGE).as_posix(), node.func.attr)
        for path in PACKAGE.rglob("*.py")
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8")))
        if isinstance(node, ast.Call)
        and isinstance(node.func, ast.Attribute)
        and ast.unparse(node.func.value).endswith(("announcing", "announcer"))
        and node.func.attr in {"begin", "announce"}
    }

    assert announcing == {
        ("cassandra/append/executor.py", "begin"),
        ("cassandra/append/settler.py", "announce"),
    }


def test_all_cql_is_in_its_folder() -> None:
    words = ("SELECT ", "INSERT INTO", "UPDATE ", "DELETE FROM", "ALTER TABLE", "CREATE ")
    outside = []
    for path in PACKAGE.rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            text = node.value if isinstance(node, ast.Constant) else None
            if isinstance(text, str) and text.startswith(words):
                outside.append((path.relative_to(PACKAGE).as_posix(), text))

    # Advice to operators, never sent: the hint of TimeToLiveRefused, and diagnoses.
    advising = {
        "errors/schema.py",
        "cassandra/keys/diagnosis.py",
        "cassandra/operations/diagnosis/tables.py",
    }
    advice = [(name, text) for name, text in outside if text == "ALTER TABLE "]
    assert {name for name, _ in advice} == advising
    assert [found for found in outside if found not in advice] == []
