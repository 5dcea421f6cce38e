import com.typesafe.config.Config;
import com.typesafe.config.ConfigFactory;
import com.typesafe.config.ConfigValueFactory;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/** The settings of an actor system, from the address of a node, its port, and a keyspace. */
final class Settings {
  private static final String PLUGIN = "pekko.persistence.cassandra";

  private Settings() {}

  /** Returns those without events by tag. */
  static Config plain(String[] arguments) {
    Map<String, Object> own = common(arguments);
    // Its reference configuration advises to turn these off if they are not used.
    own.put(PLUGIN + ".events-by-tag.enabled", false);
    return complete(own);
  }

  /** Returns those with events by tag, as they are by default, where each event is tagged. */
  static Config tagged(String[] arguments) {
    Map<String, Object> own = common(arguments);
    own.put(PLUGIN + ".journal.event-adapters.tagging", Tagging.class.getName());
    own.put(
        PLUGIN + ".journal.event-adapter-bindings",
        ConfigValueFactory.fromMap(Map.of(byte[].class.getName(), "tagging")));
    return complete(own);
  }

  private static Map<String, Object> common(String[] arguments) {
    Map<String, Object> own = new LinkedHashMap<>();
    own.put("pekko.loglevel", "OFF");
    own.put("pekko.stdout-loglevel", "OFF");
    own.put("pekko.persistence.journal.plugin", PLUGIN + ".journal");
    own.put(PLUGIN + ".journal.keyspace", arguments[2]);
    own.put(PLUGIN + ".journal.keyspace-autocreate", true);
    own.put(PLUGIN + ".journal.tables-autocreate", true);
    own.put(PLUGIN + ".journal.support-deletes", false);
    own.put(PLUGIN + ".journal.support-all-persistence-ids", false);
    own.put(
        "datastax-java-driver.basic.contact-points", List.of(arguments[0] + ":" + arguments[1]));
    own.put("datastax-java-driver.basic.load-balancing-policy.local-datacenter", "datacenter1");
    return own;
  }

  private static Config complete(Map<String, Object> own) {
    return ConfigFactory.parseMap(own).withFallback(ConfigFactory.load());
  }
}
