"""A follower that has handled four events as soon as it follows."""

from benchmarks.peers.followers import READY, say

if __name__ == "__main__":
    for line in (READY, "1", "2", "3", "4"):
        say(line)
