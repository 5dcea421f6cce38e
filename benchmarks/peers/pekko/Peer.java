import com.fasterxml.jackson.core.type.TypeReference;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.sun.management.OperatingSystemMXBean;
import java.io.BufferedReader;
import java.io.FileDescriptor;
import java.io.FileOutputStream;
import java.io.InputStreamReader;
import java.io.PrintStream;
import java.lang.management.ManagementFactory;
import java.nio.charset.StandardCharsets;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Collections;
import java.util.Deque;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.UUID;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import org.apache.pekko.actor.ActorRef;
import org.apache.pekko.actor.ActorSystem;
import org.apache.pekko.actor.PoisonPill;
import org.apache.pekko.actor.Props;

/** The peer of Apache Pekko: persistent actors on its Cassandra journal, driven by JSON lines. */
public final class Peer {
  private static final ObjectMapper JSON = new ObjectMapper();
  private static final TypeReference<Map<String, Object>> OBJECT = new TypeReference<>() {};
  private static final String NAME = "pekko";
  private static final int AT_ONCE = 100; // the journal's max-message-batch-size
  private static final long START_SECONDS = 60;
  private static final long COMMAND_SECONDS = 600;
  private static final int LARGEST_COUNT = 10_000_000;

  private final ActorSystem system;
  private final String[] arguments;

  private Peer(ActorSystem system, String[] arguments) {
    this.system = system;
    this.arguments = arguments;
  }

  public static void main(String[] arguments) throws Exception {
    PrintStream answers =
        new PrintStream(new FileOutputStream(FileDescriptor.out), true, StandardCharsets.UTF_8);
    System.setOut(System.err); // what a library prints must not be taken for an answer
    ActorSystem system = ActorSystem.create("peer", Settings.plain(arguments));
    Peer peer = new Peer(system, arguments);
    try {
      // The journal creates its tables on first use.
      peer.fill(UUID.randomUUID(), 1, 200);
    } catch (Exception error) {
      answers.println(
          JSON.writeValueAsString(
              Map.of("name", NAME, "ready", false, "reason", text(error), "hint",
                  "start a node: make cassandra")));
      System.exit(0);
    }
    answers.println(JSON.writeValueAsString(ready(arguments[3])));
    BufferedReader commands =
        new BufferedReader(new InputStreamReader(System.in, StandardCharsets.UTF_8));
    String line;
    while ((line = commands.readLine()) != null) {
      Map<String, Object> answer;
      try {
        Map<String, Object> command = JSON.readValue(line, OBJECT);
        if ("quit".equals(command.get("do"))) {
          break;
        }
        answer = peer.answer(command);
      } catch (Exception error) {
        answer = Map.of("error", text(error));
      }
      answers.println(JSON.writeValueAsString(answer));
    }
    system.terminate();
    system.getWhenTerminated().toCompletableFuture().get(START_SECONDS, TimeUnit.SECONDS);
    System.exit(0);
  }

  private static Map<String, Object> ready(String version) {
    Map<String, Object> ready = new LinkedHashMap<>();
    ready.put("name", NAME);
    ready.put("version", version);
    ready.put(
        "guarantees",
        "plain Cassandra writes at QUORUM, replication 1; durable by the node's commit log "
            + "settings; no optimistic lock at the server: one writer per stream is assumed; a "
            + "timed-out write is left unknown and stops the actor");
    ready.put(
        "notes",
        "Java; deletes, the list of persistence ids and, except for deliveries, events by tag off; "
            + "own: persist; hot: one actor, persistAsync, which its journal batches; an actor's first recovery is done before the clock starts; "
            + "page_size is not used; the JVM is cold in the first commands; "
            + "delivery: eventsByTag with its default settings, eventual-consistency-delay 5 s and "
            + "refresh-interval 3 s; its page on tuning for lower latency shows a delay of 50 ms, "
            + "with searches for the events missed, and notifications, which need a cluster");
    ready.put("ready", true);
    return ready;
  }

  private Map<String, Object> answer(Map<String, Object> command) throws Exception {
    Object what = command.get("do");
    if ("append".equals(what)) {
      Object manner = command.getOrDefault("manner", "own");
      if (!"own".equals(manner) && !"hot".equals(manner)) {
        throw new IllegalArgumentException("manner is own or hot, not " + manner);
      }
      return append(
          number(command, "count", null, 1),
          number(command, "concurrency", null, 1),
          number(command, "payload_bytes", 200, 1),
          "hot".equals(manner),
          number(command, "seed", 0, 0));
    }
    if ("fill".equals(what)) {
      int count = number(command, "count", null, 1);
      double seconds = fill(stream(command), count, number(command, "payload_bytes", 200, 1));
      return Map.of("count", count, "seconds", seconds);
    }
    if ("read".equals(what)) {
      return read(stream(command));
    }
    if ("deliver".equals(what)) {
      return deliver(
          number(command, "count", null, 1),
          number(command, "pause_ms", null, 1),
          number(command, "seed", 0, 0));
    }
    throw new IllegalArgumentException("do is append, fill, read, deliver or quit, not " + what);
  }

  private Map<String, Object> append(int count, int concurrency, int size, boolean hot, int seed)
      throws Exception {
    Deque<Map<String, Object>> payloads = new ArrayDeque<>(Payloads.make(count, size, seed));
    List<ActorRef> actors = new ArrayList<>();
    for (int number = 0; number < (hot ? 1 : concurrency); number++) {
      actors.add(recovered(UUID.randomUUID()).actor());
    }
    List<Long> latencies = Collections.synchronizedList(new ArrayList<>(count));
    long begin = System.nanoTime();
    long cpu = cpuNanos();
    List<CompletableFuture<Void>> workers = new ArrayList<>();
    for (int number = 0; number < concurrency; number++) {
      CompletableFuture<Void> worker = new CompletableFuture<>();
      workers.add(worker);
      work(actors.get(hot ? 0 : number), hot, payloads, latencies, worker);
    }
    try {
      for (CompletableFuture<Void> worker : workers) {
        worker.get(COMMAND_SECONDS, TimeUnit.SECONDS);
      }
    } finally {
      actors.forEach(actor -> actor.tell(PoisonPill.getInstance(), ActorRef.noSender()));
    }
    Map<String, Object> answer = measured(begin, cpu, latencies.size());
    answer.put("latencies_us", latencies);
    answer.put("conflicts", 0);
    return answer;
  }

  private static void work(
      ActorRef actor,
      boolean hot,
      Deque<Map<String, Object>> payloads,
      List<Long> latencies,
      CompletableFuture<Void> worker) {
    Map<String, Object> payload;
    synchronized (payloads) {
      payload = payloads.poll();
    }
    if (payload == null) {
      worker.complete(null);
      return;
    }
    long begin = System.nanoTime();
    CompletableFuture<Void> done = new CompletableFuture<>();
    actor.tell(new Stream.Write(List.of(Payloads.bytes(payload)), hot, done), ActorRef.noSender());
    done.whenComplete(
        (nothing, error) -> {
          if (error != null) {
            worker.completeExceptionally(error);
            return;
          }
          latencies.add((System.nanoTime() - begin) / 1000);
          work(actor, hot, payloads, latencies, worker);
        });
  }

  private double fill(UUID stream, int count, int size) throws Exception {
    List<Map<String, Object>> payloads = Payloads.make(count, size, 0);
    Started started = recovered(stream);
    if (started.events() > 0) {
      started.actor().tell(PoisonPill.getInstance(), ActorRef.noSender());
      throw new IllegalStateException("the stream is at " + started.events() + " already");
    }
    long begin = System.nanoTime();
    for (int start = 0; start < count; start += AT_ONCE) {
      List<byte[]> batch = new ArrayList<>();
      for (Map<String, Object> one : payloads.subList(start, Math.min(count, start + AT_ONCE))) {
        batch.add(Payloads.bytes(one));
      }
      CompletableFuture<Void> done = new CompletableFuture<>();
      started.actor().tell(new Stream.Write(batch, false, done), ActorRef.noSender());
      done.get(START_SECONDS, TimeUnit.SECONDS);
    }
    double seconds = (System.nanoTime() - begin) / 1e9;
    started.actor().tell(PoisonPill.getInstance(), ActorRef.noSender());
    return seconds;
  }

  private Map<String, Object> read(UUID stream) throws Exception {
    long begin = System.nanoTime();
    long cpu = cpuNanos();
    Started started = recovered(stream);
    Map<String, Object> answer = measured(begin, cpu, started.events());
    started.actor().tell(PoisonPill.getInstance(), ActorRef.noSender());
    return answer;
  }

  private Map<String, Object> deliver(int count, int pauseMillis, int seed) throws Exception {
    try (Deliveries deliveries = new Deliveries(arguments)) {
      List<Long> latencies = deliveries.deliver(Payloads.make(count, 200, seed), pauseMillis);
      return Map.of("latencies_us", latencies, "count", latencies.size());
    }
  }

  private Started recovered(UUID stream) throws Exception {
    return recovered(system, stream);
  }

  static Started recovered(ActorSystem system, UUID stream) throws Exception {
    CompletableFuture<Integer> recovered = new CompletableFuture<>();
    ActorRef actor = system.actorOf(Props.create(Stream.class, stream.toString(), recovered));
    return new Started(actor, recovered.get(START_SECONDS, TimeUnit.SECONDS));
  }

  private static Map<String, Object> measured(long begin, long cpu, int count) {
    Map<String, Object> answer = new LinkedHashMap<>();
    answer.put("seconds", (System.nanoTime() - begin) / 1e9);
    answer.put("cpu_seconds", (cpuNanos() - cpu) / 1e9);
    answer.put("count", count);
    return answer;
  }

  private static long cpuNanos() {
    return ((OperatingSystemMXBean) ManagementFactory.getOperatingSystemMXBean())
        .getProcessCpuTime();
  }

  private static int number(Map<String, Object> command, String name, Integer normal, int least) {
    Object value = command.getOrDefault(name, normal);
    if (value instanceof Integer number && number >= least && number <= LARGEST_COUNT) {
      return number;
    }
    throw new IllegalArgumentException(
        name + " is a number from " + least + " to " + LARGEST_COUNT + ", not " + value);
  }

  private static UUID stream(Map<String, Object> command) {
    if (command.get("stream") instanceof String text) {
      return UUID.fromString(text);
    }
    throw new IllegalArgumentException("stream is a UUID, not " + command.get("stream"));
  }

  private static String text(Throwable error) {
    return error.getClass().getSimpleName() + ": " + error.getMessage();
  }

  record Started(ActorRef actor, int events) {}
}
