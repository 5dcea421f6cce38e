"""Apache Pekko Persistence Cassandra: persistent actors on the JVM, by a small harness in Java."""
