"""Apache Pekko Persistence Cassandra: persistent actors, with a small harness in Java."""
