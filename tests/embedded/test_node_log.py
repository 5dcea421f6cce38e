"""What a node's log tells."""

from pathlib import Path

from event_store_async.embedded import node_log

PEER = "127.0.0.2"
UP = "INFO  Gossiper.java:1473 - InetAddress /127.0.0.2:7000 is now UP"
DOWN = "INFO  Gossiper.java:1489 - InetAddress /127.0.0.2:7000 is now DOWN"
NORMAL = "DEBUG StorageService.java:3200 - Node /127.0.0.2:7000 state NORMAL, token [1, 2]"
JUMP = "INFO  StorageService.java:3320 - Node /127.0.0.2:7000 state jump to NORMAL"
SHUTDOWN = "INFO  StorageService.java:3320 - Node /127.0.0.2:7000 state jump to shutdown"


def test_a_peer_counts_when_it_is_up_and_in_the_ring() -> None:
    assert node_log.sees_up(f"{UP}\n{NORMAL}", PEER)
    assert node_log.sees_up(f"{SHUTDOWN}\n{DOWN}\n{JUMP}\n{UP}", PEER)


def test_a_peer_does_not_count_before_that_or_after() -> None:
    assert not node_log.sees_up("", PEER)
    assert not node_log.sees_up(UP, PEER)
    assert not node_log.sees_up(NORMAL, PEER)
    assert not node_log.sees_up(f"{UP}\n{NORMAL}\n{DOWN}", PEER)
    assert not node_log.sees_up(f"{UP}\n{NORMAL}\n{SHUTDOWN}", PEER)
    assert not node_log.sees_up(f"{UP}\n{NORMAL}", "127.0.0.20")
    assert not node_log.sees_up(f"{UP}\n{NORMAL}".replace("0.2:", "0.20:"), PEER)


def test_the_tail_is_the_last_lines(tmp_path: Path) -> None:
    log = tmp_path / "cassandra.log"
    assert (node_log.tail(log), node_log.size(log)) == ("", 0)

    log.write_text("\n".join(f"line {number}" for number in range(10_000)))
    assert node_log.tail(log).splitlines()[-1] == "line 9999"
    assert len(node_log.tail(log).splitlines()) == 40
