import java.io.BufferedReader;
import java.io.InputStreamReader;
import java.lang.management.ManagementFactory;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.UUID;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;
import org.apache.pekko.actor.ActorRef;
import org.apache.pekko.actor.ActorSystem;
import org.apache.pekko.actor.PoisonPill;

/** Appends tagged events, in an actor system of its own, to a follower in another process. */
final class Deliveries implements AutoCloseable {
  private static final long SECONDS = 60;
  private static final int WARMING = 10;

  private final ActorSystem system;
  private final Process follower;
  private final BlockingQueue<String> lines = new LinkedBlockingQueue<>();

  Deliveries(String[] arguments) throws Exception {
    system = ActorSystem.create("deliveries", Settings.tagged(arguments));
    recovered(); // the journal creates its tables on first use
    List<String> command = new ArrayList<>();
    command.add(Path.of(System.getProperty("java.home"), "bin", "java").toString());
    command.addAll(ManagementFactory.getRuntimeMXBean().getInputArguments());
    command.addAll(List.of("-cp", System.getProperty("java.class.path"), "Follower"));
    command.addAll(List.of(arguments));
    follower = new ProcessBuilder(command).redirectError(ProcessBuilder.Redirect.INHERIT).start();
    Thread reader = new Thread(this::read, "follower's lines");
    reader.setDaemon(true);
    reader.start();
    String first = line();
    if (!Follower.READY.equals(first)) {
      throw new IllegalStateException("the follower said " + first);
    }
  }

  /**
   * Appends events one by one, with pauses; returns how long each took to its handler. The first
   * ones are appended twice, and only the second time is measured.
   */
  List<Long> deliver(List<Map<String, Object>> payloads, int pauseMillis) throws Exception {
    delivered(payloads.subList(0, Math.min(WARMING, payloads.size())), pauseMillis);
    return delivered(payloads, pauseMillis);
  }

  private List<Long> delivered(List<Map<String, Object>> payloads, int pauseMillis)
      throws Exception {
    ActorRef actor = recovered();
    Random random = new Random(payloads.size());
    for (Map<String, Object> payload : payloads) {
      payload.put(Follower.SENT, System.nanoTime());
      CompletableFuture<Void> done = new CompletableFuture<>();
      List<byte[]> events = List.of(Payloads.bytes(payload));
      actor.tell(new Stream.Write(events, false, done), ActorRef.noSender());
      done.get(SECONDS, TimeUnit.SECONDS);
      // Pauses differ, so that the appends do not fall into step with a poll.
      Thread.sleep(Math.round(pauseMillis * (0.5 + random.nextDouble())));
    }
    List<Long> latencies = new ArrayList<>();
    while (latencies.size() < payloads.size()) {
      latencies.add(Long.valueOf(line()));
    }
    actor.tell(PoisonPill.getInstance(), ActorRef.noSender());
    return latencies;
  }

  @Override
  public void close() throws Exception {
    follower.destroy();
    system.terminate();
    system.getWhenTerminated().toCompletableFuture().get(SECONDS, TimeUnit.SECONDS);
  }

  private ActorRef recovered() throws Exception {
    return Peer.recovered(system, UUID.randomUUID()).actor();
  }

  private void read() {
    try (BufferedReader output =
        new BufferedReader(
            new InputStreamReader(follower.getInputStream(), StandardCharsets.UTF_8))) {
      output.lines().forEach(lines::add);
    } catch (Exception error) {
      lines.add(error.toString());
    }
    lines.add("no more");
  }

  private String line() throws InterruptedException {
    String line = lines.poll(SECONDS, TimeUnit.SECONDS);
    if (line == null) {
      throw new IllegalStateException("the follower said nothing for " + SECONDS + " s");
    }
    return line;
  }
}
