"""Folders of any name, in any locale."""

import os
import subprocess
import sys
import textwrap
from pathlib import Path

import pytest

from event_store_async.embedded import DirectoryRefused, EmbeddedCassandra

from .traces import names

BOUND = 120.0
"""Seconds, far more than needed; so that a defect does not hang the run."""

PROGRAM = textwrap.dedent("""
    import os
    import sys
    import anyio
    from event_store_async.embedded import EmbeddedCassandra

    async def main():
        async with EmbeddedCassandra(directory=os.fsdecode(sys.argv[1]), keep=True) as cassandra:
            print(ascii(str(cassandra.nodes[0].directory)))

    anyio.run(main)
""")


@pytest.mark.slow
@pytest.mark.parametrize("name", ["zażółć 日本", 'it\'s a "b" $c %41 \\d', "a:b,c;d #e"])
def test_a_node_starts_in_a_folder_of_any_name_in_any_locale(tmp_path: Path, name: str) -> None:
    environment = {**os.environ, "LC_ALL": "C", "LANG": "C"}
    answer = subprocess.run(
        [sys.executable, "-c", PROGRAM, str(tmp_path / name)],
        env=environment,
        capture_output=True,
        text=True,
        timeout=BOUND,
        check=False,
    )

    assert (answer.returncode, answer.stderr) == (0, "")
    assert answer.stdout == f"{str(tmp_path / name / 'node1')!a}\n"
    assert (tmp_path / name / "node1" / "data" / "system").is_dir()


async def test_a_folder_whose_name_is_no_text_is_refused(tmp_path: Path) -> None:
    directory = os.fsdecode(bytes(tmp_path) + b"/not \xff text")

    with pytest.raises(DirectoryRefused, match=r"not \\udcff text cannot be used: Java finds only"):
        await EmbeddedCassandra(directory=directory).start()

    assert names(tmp_path) == []


@pytest.mark.parametrize(
    ("name", "reason"),
    [(b"a:b", "separates the jars of a class path by ':'"), (b"\xff", "Java finds only paths")],
)
async def test_a_cache_that_java_cannot_use_is_refused_before_anything_is_fetched(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: bytes, reason: str
) -> None:
    monkeypatch.setenv("XDG_CACHE_HOME", os.fsdecode(bytes(tmp_path / "c") + name))

    with pytest.raises(DirectoryRefused, match=reason) as caught:
        await EmbeddedCassandra().start()

    assert caught.value.hint is not None
    assert "XDG_CACHE_HOME" in caught.value.hint
    assert names(tmp_path) == []
