import com.fasterxml.jackson.core.type.TypeReference;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.util.ArrayList;
import java.util.HexFormat;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Random;

/** Payloads: small JSON objects of the same size, each different, of the same shape as the other peers. */
final class Payloads {
  private static final ObjectMapper JSON = new ObjectMapper();
  private static final TypeReference<Map<String, Object>> OBJECT = new TypeReference<>() {};

  private Payloads() {}

  static List<Map<String, Object>> make(int count, int size, int seed) {
    Random random = new Random(seed);
    List<Map<String, Object>> payloads = new ArrayList<>(count);
    for (int number = 0; number < count; number++) {
      Map<String, Object> payload = new LinkedHashMap<>();
      payload.put("type", "money-deposited");
      payload.put("number", number);
      payload.put("amount", 1 + random.nextInt(999_999));
      payload.put("currency", "EUR");
      payload.put("note", "");
      int missing = Math.max(0, size - bytes(payload).length);
      byte[] noise = new byte[(missing + 1) / 2];
      random.nextBytes(noise);
      payload.put("note", HexFormat.of().formatHex(noise).substring(0, missing));
      payloads.add(payload);
    }
    return payloads;
  }

  static byte[] bytes(Map<String, Object> payload) {
    try {
      return JSON.writeValueAsBytes(payload);
    } catch (IOException error) {
      throw new UncheckedIOException(error);
    }
  }

  static Map<String, Object> parse(byte[] data) throws IOException {
    return JSON.readValue(data, OBJECT);
  }
}
