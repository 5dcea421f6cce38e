"""Small files: regular ones, pipes and devices, and none of them is read or waited for forever."""

import os
import threading
from pathlib import Path

import pytest

from event_store_async.text_file import read_text

LIMIT = 1024 * 1024


def test_a_file_is_read(tmp_path: Path) -> None:
    file = tmp_path / "file"
    for data in (b"", b"a\n\xc3\xa4", b"x" * LIMIT, b"\xef\xbb\xbfa"):
        file.write_bytes(data)
        assert read_text(file) == read_text(str(file)) == data.decode("utf-8-sig")


def test_what_is_too_large_or_no_text_is_refused(tmp_path: Path) -> None:
    file = tmp_path / "secret"
    for data in (b"x" * (LIMIT + 1), b"\xff", "a".encode("utf-16"), "a".encode("utf-32")):
        file.write_bytes(data)
        with pytest.raises(ValueError, match="it ") as caught:
            read_text(file)
        assert "secret" not in str(caught.value)


@pytest.mark.skipif(not Path("/dev/zero").exists(), reason="there is no such device")
def test_a_device_has_an_end() -> None:
    assert read_text(os.devnull) == ""
    with pytest.raises(ValueError, match="more than 1,048,576 bytes"):
        read_text("/dev/zero")


def test_what_cannot_be_opened_is_an_os_error(tmp_path: Path) -> None:
    for path in (tmp_path, tmp_path / "none"):
        with pytest.raises(OSError, match="Errno"):
            read_text(path)
    with pytest.raises(ValueError, match="null"):
        read_text("a\0b")


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="there are no named pipes")
def test_a_pipe_without_a_writer_is_given_up(tmp_path: Path) -> None:
    pipe = tmp_path / "pipe"
    os.mkfifo(pipe)
    with pytest.raises(ValueError, match="does anything write"):
        read_text(pipe, seconds=0.01)
    writer = os.open(pipe, os.O_RDWR)
    with pytest.raises(ValueError, match="did not end"):
        os.write(writer, b"without an end")
        read_text(pipe, seconds=0.01)
    os.close(writer)


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="there are no named pipes")
def test_a_pipe_is_read_to_its_end(tmp_path: Path) -> None:
    pipe = tmp_path / "pipe"
    os.mkfifo(pipe)
    data = "secret" * 50_000  # more than a pipe holds
    writer = threading.Thread(target=lambda: pipe.write_text(data))
    writer.start()
    assert read_text(pipe) == data
    writer.join()


@pytest.mark.skipif(not Path("/dev/fd").exists(), reason="there are no such files")
def test_a_pipe_whose_writer_has_ended_is_read() -> None:
    reader, writer = os.pipe()
    os.write(writer, b"of a shell: <(...)")
    os.close(writer)
    assert read_text(f"/dev/fd/{reader}") == "of a shell: <(...)"
    os.close(reader)
