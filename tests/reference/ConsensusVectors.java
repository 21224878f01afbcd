// Writes tests/vectors/signum_consensus.json: the arithmetic of Signum's chain in
// the language that defines it, with its big integers, its floats and its logarithm.
// The C++ is compared with the file, so Java is needed only to write it anew:
//   java tests/reference/ConsensusVectors.java > tests/vectors/signum_consensus.json
import java.math.BigInteger;
import java.util.*;

public class ConsensusVectors {
  static final Random random = new Random(20140811);
  static final StringBuilder json = new StringBuilder();

  static BigInteger big(long value) { return BigInteger.valueOf(value); }

  // A number with 1 to `bits` bits.
  static long number(int bits) { return Math.max(1, random.nextLong() >>> (64 - 1 - random.nextInt(bits))); }

  static long between(long low, long high) { return low + (long) (random.nextDouble() * (high - low)); }

  static String row(Object... fields) {
    StringJoiner row = new StringJoiner(",", "[", "]");
    for (Object field : fields)
      row.add(field instanceof List || field instanceof Double ? field.toString() : "\"" + field + "\"");
    return row.toString();
  }

  static void table(String name, String columns, List<String> rows) {
    json.append(json.length() == 0 ? "{" : ",\n").append("\"").append(name).append("\":{\"columns\":\"")
        .append(columns).append("\",\"rows\":[\n").append(String.join(",\n", rows)).append("]}");
  }

  static double factor(long commitment, long average) {
    return Math.max(1.0 / 8, Math.min(8.0, Math.pow((double) commitment / average, 0.4515449935)));
  }

  static long sodium(BigInteger legacy, double divisor, int blockSeconds) {
    double seconds = legacy.doubleValue() / divisor;
    double scale = blockSeconds / Math.log(blockSeconds);
    return seconds > 0 ? (long) (Math.log(seconds) * scale) : 0;
  }

  static void deadlines() {
    List<String> rows = new ArrayList<>();
    for (int i = 0; i < 150; i++) {
      BigInteger hit = new BigInteger(random.nextInt(65), random);
      long target = i % 3 == 0 ? between(70_000, 500_000) : 1 + number(34);
      long average = between(100_000_000L, 5_000_000_000_000L);
      long commitment = i % 5 == 0 ? 0 : (long) (average * Math.exp(random.nextGaussian() * 3));
      int blockSeconds = i % 4 == 0 ? 2 + random.nextInt(60) : 240;
      BigInteger legacy = hit.divide(big(target));
      rows.add(row(hit, target, commitment, average, blockSeconds, legacy, sodium(legacy, 1, blockSeconds),
          factor(commitment, average), sodium(legacy, factor(commitment, average), blockSeconds)));
    }
    table("deadlines",
        "hit,base_target,commitment,average_commitment,block_seconds,legacy,sodium,factor,poc_plus", rows);
  }

  static long pack(long capacity, long average) {
    return (long) Float.floatToIntBits((float) average) << 32 | Float.floatToIntBits((float) capacity);
  }

  static long upper(long packed) { return (long) Float.intBitsToFloat((int) (packed >>> 32)); }

  static long lower(long packed) { return (long) Float.intBitsToFloat((int) packed); }

  static void packed() {
    List<String> rows = new ArrayList<>();
    for (int i = 0; i < 100; i++) {
      long capacity = number(62), average = number(62);
      long packed = pack(capacity, average);
      rows.add(row(capacity, average, Long.toUnsignedString(packed), lower(packed), upper(packed)));
    }
    table("packed", "capacity,average_commitment,packed,unpacked_capacity,unpacked_average", rows);
  }

  static BigInteger clamp(BigInteger value, BigInteger low, BigInteger high) {
    return value.max(low).min(high);
  }

  // Past blocks are rows [timestamp, base target], newest first.
  static void targets() {
    List<String> rows = new ArrayList<>();
    for (int i = 0; i < 120; i++) {
      boolean early = i % 4 == 0;
      int height = early ? (int) between(4, 2700) : i % 4 == 1 ? (int) between(878_000, 941_100)
          : i % 4 == 2 ? (int) between(941_100, 2_000_000) : (int) between(2700, 878_000);
      boolean plus = height >= 878_000;
      BigInteger max = big(18325193796L), tenth = BigInteger.TEN;
      int window = early ? 4 : 24;
      List<Object> past = new ArrayList<>();
      long[] times = new long[window], values = new long[window];
      long spread = random.nextInt(3) == 0 ? 20 : 900;
      long timestamp = between(100_000_000, 400_000_000), time = timestamp;
      long base = i % 7 == 0 ? between(17_000_000_000L, 18325193796L) : i % 7 == 1 ? 1 + number(6) : between(70_000, 600_000);
      for (int j = 0; j < window; j++) {
        time -= 1 + random.nextInt((int) spread);
        times[j] = time;
        values[j] = Math.max(1, (long) (base * (0.9 + 0.2 * random.nextDouble())));
        past.add(Arrays.asList(times[j], values[j]));
      }
      BigInteger mean = big(values[0]), target;
      if (early) {
        for (int j = 1; j < 4; j++) mean = mean.add(big(values[j]));
        mean = mean.divide(big(4));
        target = mean.multiply(big(timestamp - times[3])).divide(big(960)).min(max)
            .max(mean.multiply(big(9)).divide(tenth)).max(BigInteger.ONE)
            .min(mean.multiply(big(11)).divide(tenth));
      } else {
        for (int weight = 2; weight <= 24; weight++)
          mean = mean.multiply(big(weight)).add(big(values[weight - 1])).divide(big(weight + 1));
        long passed = Math.min(11520, Math.max(2880, timestamp - times[23]));
        target = clamp(mean.multiply(big(passed)).divide(big(5760)), BigInteger.ONE, max);
        target = clamp(target, big(values[0] * 8 / 10), big(values[0] * 12 / 10));
      }
      long previous = (long) (float) between(100_000_000L, 5_000_000_000_000L);
      long old = (long) (float) (previous * (0.5 + random.nextDouble()));
      long commitment = i % 6 == 0 ? 0 : (long) (previous * Math.exp(random.nextGaussian() * 2));
      BigInteger difficulty = BigInteger.TWO.pow(64).divide(target);
      long capacity = target.longValueExact(), average = 100_000_000_000L;
      if (plus) {
        int smooth = height >= 941_100 ? 96 : 24;
        BigInteger next = big(previous).multiply(big(smooth - 1)).add(big(commitment)).divide(big(smooth));
        next = clamp(next, big(previous * 8 / 10), big(previous * 12 / 10)).max(big(100_000_000));
        long packed = pack(capacity, next.longValueExact());
        capacity = lower(packed);
        average = upper(packed);
        long against = height >= 941_100 ? (old + average) / 2 : old;
        difficulty = big((long) (difficulty.doubleValue() * factor(next.longValueExact(), against)));
      }
      rows.add(row(height, timestamp, past, commitment, previous, old, capacity, average, difficulty));
    }
    table("targets", "height,timestamp,past,commitment,previous_average,past_average,"
        + "capacity,average_commitment,difficulty", rows);
  }

  static void commitments() {
    List<String> rows = new ArrayList<>();
    for (int i = 0; i < 120; i++) {
      int height = (int) between(878_000, 1_004_200);
      int recent = i % 2 == 0 ? random.nextInt(4) : random.nextInt(40);
      int middle = recent + (i % 3 == 0 ? 0 : random.nextInt(30)), all = middle + random.nextInt(200);
      long target = between(70_000, 600_000), committed = i % 10 == 0 ? 0 : number(57);
      long window = 360, forged = recent + 1;
      if (forged < 3) {
        boolean speedway = height >= 941_100;
        window = speedway && middle >= 1 ? 1440 : 32400;
        forged = (window == 1440 ? middle : all) + 1;
      }
      long terabytes = (long) (18325193796L / 1.83);
      BigInteger capacity = big(terabytes).multiply(big(forged)).multiply(big(1000))
          .divide(big(target).multiply(big(window))).max(big(1000));
      rows.add(row(height, target, committed, recent, middle, all,
          big(committed).divide(capacity).multiply(big(1000))));
    }
    table("commitments", "previous_height,base_target,committed,in_360,in_1440,in_32400,commitment", rows);
  }

  static void rewards() {
    List<String> rows = new ArrayList<>();
    for (int month = 0; month <= 91; month++) {
      long coins = month >= 90 ? 100 : big(10000).multiply(big(95).pow(month)).divide(big(100).pow(month)).longValueExact();
      rows.add(row(Math.max(1, month * 10800), coins * 100_000_000L));
      rows.add(row(month * 10800 + 10799, coins * 100_000_000L));
    }
    table("rewards", "height,planck", rows);
  }

  public static void main(String[] arguments) {
    deadlines();
    packed();
    targets();
    commitments();
    rewards();
    System.out.println(json.append("}"));
  }
}
