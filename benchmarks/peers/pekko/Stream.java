import java.util.ArrayDeque;
import java.util.Deque;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.atomic.AtomicInteger;
import org.apache.pekko.persistence.AbstractPersistentActor;
import org.apache.pekko.persistence.RecoveryCompleted;

/** A stream: an actor that persists what it receives, and decodes each event during recovery. */
public final class Stream extends AbstractPersistentActor {
  /** Events to persist; batched ones are persisted without waiting for each. */
  record Write(List<byte[]> events, boolean batched, CompletableFuture<Void> done) {}

  private final String id;
  private final CompletableFuture<Integer> recovered;
  private final Deque<Write> waiting = new ArrayDeque<>();
  private int replayed;

  public Stream(String id, CompletableFuture<Integer> recovered) {
    this.id = id;
    this.recovered = recovered;
  }

  @Override
  public String persistenceId() {
    return id;
  }

  @Override
  public String snapshotPluginId() {
    return "pekko.persistence.no-snapshot-store";
  }

  @Override
  public Receive createReceiveRecover() {
    return receiveBuilder()
        .match(byte[].class, data -> replayed += Payloads.parse(data).isEmpty() ? 0 : 1)
        .match(RecoveryCompleted.class, message -> recovered.complete(replayed))
        .build();
  }

  @Override
  public Receive createReceive() {
    return receiveBuilder().match(Write.class, this::write).build();
  }

  private void write(Write write) {
    waiting.add(write);
    if (write.batched()) {
      persistAsync(write.events().get(0), event -> waiting.remove().done().complete(null));
      return;
    }
    AtomicInteger left = new AtomicInteger(write.events().size());
    persistAll(
        write.events(),
        event -> {
          if (left.decrementAndGet() == 0) {
            waiting.remove().done().complete(null);
          }
        });
  }

  @Override
  public void onRecoveryFailure(Throwable cause, scala.Option<Object> event) {
    recovered.completeExceptionally(cause);
  }

  @Override
  public void onPersistFailure(Throwable cause, Object event, long number) {
    fail(cause);
  }

  @Override
  public void onPersistRejected(Throwable cause, Object event, long number) {
    fail(cause);
  }

  private void fail(Throwable cause) {
    waiting.forEach(write -> write.done().completeExceptionally(cause));
    waiting.clear();
  }
}
