"""A follower that has handled three events as soon as it follows."""

from benchmarks.peers.followers import READY, say

if __name__ == "__main__":
    for line in (READY, "7", "8", "9"):
        say(line)
