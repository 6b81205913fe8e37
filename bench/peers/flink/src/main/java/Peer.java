// Three rules on Apache Flink: watch order, average speed, clone plate; on the rows that `judgement/examples/rows.rs` writes.
//
// Written as Flink's own guides advise for throughput: DataStream API, one keyed operator with all state of a plate
// (heap state backend), POJOs and primitive state that Flink serialises without Kryo, object reuse, operators chained, no
// checkpoints, a source that reads mapped memory, parallelism of two. The rules are simpler than ours: exact plates,
// event times as they come, no misreads, no clocks learned, no late data.
import java.io.IOException;
import java.io.Serializable;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.HashSet;
import org.apache.flink.api.common.JobExecutionResult;
import org.apache.flink.api.common.accumulators.LongCounter;
import org.apache.flink.api.common.eventtime.WatermarkStrategy;
import org.apache.flink.api.common.functions.OpenContext;
import org.apache.flink.api.common.state.ValueState;
import org.apache.flink.api.common.state.ValueStateDescriptor;
import org.apache.flink.api.common.typeinfo.TypeInformation;
import org.apache.flink.api.common.typeinfo.Types;
import org.apache.flink.configuration.Configuration;
import org.apache.flink.connector.datagen.source.DataGeneratorSource;
import org.apache.flink.connector.datagen.source.GeneratorFunction;
import org.apache.flink.api.connector.source.SourceReaderContext;
import org.apache.flink.streaming.api.environment.StreamExecutionEnvironment;
import org.apache.flink.streaming.api.functions.KeyedProcessFunction;
import org.apache.flink.streaming.api.functions.sink.v2.DiscardingSink;
import org.apache.flink.util.Collector;

public final class Peer {
  /** Bytes of a row: plate u64, captured at in ms i64, checkpoint u16, speed u16, class u8, padding. */
  static final int ROW = 24;
  /** Rows in one mapping: Java maps at most 2 GiB. */
  static final int ROWS_PER_MAP = 1 << 26;

  public static final class Passage {
    public long plate;
    public long at;
    public short checkpoint;
    public boolean isLarge;
  }

  public static final class Warning {
    public long plate;
    public long at;
    public int rule;
  }

  /** What is judged against, small enough for every operator to hold: sections, ways, watched plates. */
  static final class Reference implements Serializable {
    final int checkpoints;
    final long[] watched;
    /** By start and end: length in m, limits in km/h; 0 where there is no section. */
    final int[] length;
    final int[] limit;
    final int[] limitLarge;
    /** By start and end: shortest travel time in ms. */
    final long[] shortest;

    Reference(Path folder) throws IOException {
      ByteBuffer in = ByteBuffer.wrap(Files.readAllBytes(folder.resolve("reference.bin"))).order(ByteOrder.LITTLE_ENDIAN);
      checkpoints = in.getInt();
      int pairs = checkpoints * checkpoints;
      length = new int[pairs];
      limit = new int[pairs];
      limitLarge = new int[pairs];
      shortest = new long[pairs];
      for (int pair = 0; pair < pairs; pair++) {
        length[pair] = in.getInt();
        limit[pair] = in.getInt();
        limitLarge[pair] = in.getInt();
        shortest[pair] = in.getLong();
      }
      watched = new long[in.getInt()];
      for (int i = 0; i < watched.length; i++) watched[i] = in.getLong();
    }
  }

  /** Rows of the file by their number; each source task maps the file for itself. */
  static final class Rows implements GeneratorFunction<Long, Passage> {
    private final String path;
    private transient ByteBuffer[] maps;
    private transient Passage reused;

    Rows(String path) {
      this.path = path;
    }

    @Override
    public void open(SourceReaderContext context) throws Exception {
      reused = new Passage();
      try (FileChannel file = FileChannel.open(Path.of(path), StandardOpenOption.READ)) {
        long rows = file.size() / ROW;
        maps = new ByteBuffer[(int) ((rows + ROWS_PER_MAP - 1) / ROWS_PER_MAP)];
        for (int i = 0; i < maps.length; i++) {
          long from = (long) i * ROWS_PER_MAP * ROW;
          long bytes = Math.min((long) ROWS_PER_MAP * ROW, file.size() - from);
          maps[i] = file.map(FileChannel.MapMode.READ_ONLY, from, bytes).order(ByteOrder.LITTLE_ENDIAN);
        }
      }
    }

    @Override
    public Passage map(Long number) {
      ByteBuffer map = maps[(int) (number / ROWS_PER_MAP)];
      int at = (int) (number % ROWS_PER_MAP) * ROW;
      reused.plate = map.getLong(at);
      reused.at = map.getLong(at + 8);
      reused.checkpoint = map.getShort(at + 16);
      reused.isLarge = map.get(at + 20) != 0;
      return reused;
    }
  }

  static final class Judge extends KeyedProcessFunction<Long, Passage, Warning> {
    private final Reference reference;
    private transient HashSet<Long> watched;
    private transient ValueState<Long> lastAt;
    private transient ValueState<Short> lastPlace;
    private transient LongCounter[] counts;
    private transient Warning reused;

    Judge(Reference reference) {
      this.reference = reference;
    }

    @Override
    public void open(OpenContext context) {
      watched = new HashSet<>();
      for (long plate : reference.watched) watched.add(plate);
      lastAt = getRuntimeContext().getState(new ValueStateDescriptor<>("at", Types.LONG));
      lastPlace = getRuntimeContext().getState(new ValueStateDescriptor<>("place", Types.SHORT));
      counts = new LongCounter[3];
      for (int rule = 0; rule < 3; rule++) {
        counts[rule] = new LongCounter();
        getRuntimeContext().addAccumulator("rule" + rule, counts[rule]);
      }
      reused = new Warning();
    }

    @Override
    public void processElement(Passage passage, Context context, Collector<Warning> out) throws Exception {
      if (watched.contains(passage.plate)) raise(0, passage, out);
      Long before = lastAt.value();
      if (before != null) {
        int pair = lastPlace.value() * reference.checkpoints + passage.checkpoint;
        long elapsed = passage.at - before;
        if (elapsed > 0 && reference.length[pair] > 0) {
          int limit = passage.isLarge ? reference.limitLarge[pair] : reference.limit[pair];
          double kmh = reference.length[pair] * 3600.0 / elapsed;
          if (kmh > limit * 1.1) raise(1, passage, out);
        }
        if (elapsed >= 0 && elapsed < reference.shortest[pair] / 2) raise(2, passage, out);
      }
      lastAt.update(passage.at);
      lastPlace.update(passage.checkpoint);
    }

    private void raise(int rule, Passage passage, Collector<Warning> out) {
      counts[rule].add(1);
      reused.plate = passage.plate;
      reused.at = passage.at;
      reused.rule = rule;
      out.collect(reused);
    }
  }

  public static void main(String[] arguments) throws Exception {
    Path folder = Path.of(arguments[0]);
    int parallelism = Integer.parseInt(arguments[1]);
    Path rows = folder.resolve("rows.bin");
    long count = Files.size(rows) / ROW;
    Configuration configuration = new Configuration();
    configuration.setString("state.backend.type", "hashmap");
    configuration.setString("taskmanager.memory.network.max", "256m");
    configuration.setString("rest.bind-port", "28790-28799");
    StreamExecutionEnvironment flink = StreamExecutionEnvironment.createLocalEnvironment(parallelism, configuration);
    flink.getConfig().enableObjectReuse();
    flink.setBufferTimeout(100);
    DataGeneratorSource<Passage> source =
        new DataGeneratorSource<>(new Rows(rows.toString()), count, TypeInformation.of(Passage.class));
    flink
        .fromSource(source, WatermarkStrategy.noWatermarks(), "rows")
        .keyBy(passage -> passage.plate, Types.LONG)
        .process(new Judge(new Reference(folder)), TypeInformation.of(Warning.class))
        .sinkTo(new DiscardingSink<>());
    JobExecutionResult result = flink.execute("three rules");
    double seconds = result.getNetRuntime() / 1000.0;
    System.out.printf(
        "{\"rows\": %d, \"seconds\": %.2f, \"rows_per_s\": %.0f, \"watch_order\": %s, \"average_speed\": %s, \"clone_plate\": %s}%n",
        count, seconds, count / seconds,
        (Object) result.getAccumulatorResult("rule0"), (Object) result.getAccumulatorResult("rule1"),
        (Object) result.getAccumulatorResult("rule2"));
  }
}
