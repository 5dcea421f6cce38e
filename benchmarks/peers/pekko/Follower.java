import java.io.IOException;
import java.io.PrintStream;
import org.apache.pekko.actor.ActorSystem;
import org.apache.pekko.persistence.cassandra.query.javadsl.CassandraReadJournal;
import org.apache.pekko.persistence.query.Offset;
import org.apache.pekko.persistence.query.PersistenceQuery;

/**
 * A follower in a process of its own, by eventsByTag with its default settings.
 *
 * <p>It prints READY once it follows, and for each event that it handles the microseconds since its
 * append was called. It ends with its input.
 */
public final class Follower {
  static final String READY = "ready";

  /** The field with the moment of the call; System.nanoTime is one clock for a whole machine. */
  static final String SENT = "sent";

  private final PrintStream lines;

  private Follower(PrintStream lines) {
    this.lines = lines;
  }

  public static void main(String[] arguments) throws Exception {
    Follower follower = new Follower(System.out);
    System.setOut(System.err); // what a library prints must not be taken for a line of ours
    ActorSystem system = ActorSystem.create("follower", Settings.tagged(arguments));
    CassandraReadJournal journal =
        PersistenceQuery.get(system)
            .getReadJournalFor(CassandraReadJournal.class, CassandraReadJournal.Identifier());
    Offset now = journal.timeBasedUUIDFrom(System.currentTimeMillis());
    journal
        .eventsByTag(Tagging.TAG, now)
        .runForeach(envelope -> follower.handled((byte[]) envelope.event()), system)
        .whenComplete((done, error) -> System.exit(1)); // it goes on for ever, or has failed
    follower.lines.println(READY);
    while (System.in.read() >= 0) {}
    System.exit(0);
  }

  private void handled(byte[] event) throws IOException {
    long sent = ((Number) Payloads.parse(event).get(SENT)).longValue();
    lines.println((System.nanoTime() - sent) / 1000);
  }
}
