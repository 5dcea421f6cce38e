import java.util.Set;
import org.apache.pekko.persistence.journal.Tagged;
import org.apache.pekko.persistence.journal.WriteEventAdapter;

/** Tags every event, so that a follower can ask for them by their tag. */
public final class Tagging implements WriteEventAdapter {
  static final String TAG = "bench";

  @Override
  public String manifest(Object event) {
    return "";
  }

  @Override
  public Object toJournal(Object event) {
    return new Tagged(event, Set.of(TAG));
  }
}
