"""P4 and P5 beside their peers: the rows of `history` in DuckDB and in ClickHouse (chdb), each as its best users would keep them.

    python history.py FOLDER [traces]

FOLDER is a history's root. The rows of `passages/by=plate` are loaded into a DuckDB table sorted by plate and time, and into a
MergeTree ordered by plate and time with dictionaries for repeated words, delta codecs and ZSTD; DuckDB also reads the Parquet
files as they lie. The same plates are traced by all, each for the first time, one connection, after the same warm-up. Prints
one JSON object: bytes on disk a row, and p50 and p99 of a trace in ms, by engine.
"""

import json
import os
import random
import shutil
import statistics
import sys
import time
from pathlib import Path

root = Path(sys.argv[1])
traces = int(sys.argv[2]) if len(sys.argv) > 2 else 300
work = root.parent / "peers"
shutil.rmtree(work, ignore_errors=True)
work.mkdir(parents=True)
files = str(root / "passages" / "by=plate" / "**" / "*.parquet")
COLUMNS = (
    "plate, captured_at, delay_ms, checkpoint, plate_class, plate_color, lane, direction, speed_kmh, "
    "plate_confidence, vehicle_type, body_color"
)


def size(path: Path) -> int:
    return sum(f.stat().st_size for f in path.rglob("*") if f.is_file()) if path.is_dir() else path.stat().st_size


def timed(trace, plates) -> dict:
    for plate in plates[:20]:
        trace(plate)
    took, rows = [], 0
    for plate in plates[20:]:
        begun = time.perf_counter()
        rows += len(trace(plate))
        took.append((time.perf_counter() - begun) * 1000)
    took.sort()
    return {
        "p50_ms": round(statistics.median(took), 3),
        "p99_ms": round(took[int(len(took) * 0.99) - 1], 3),
        "rows_a_trace": round(rows / len(took), 1),
    }


def duckdb_peer(plates, out) -> None:
    import duckdb

    path = work / "duckdb.db"
    db = duckdb.connect(str(path))
    db.execute("SET threads = 2")
    begun = time.perf_counter()
    db.execute(
        f"CREATE TABLE sighting AS SELECT {COLUMNS} FROM read_parquet('{files}', hive_partitioning = false) "
        "ORDER BY plate, captured_at"
    )
    db.execute("CHECKPOINT")
    load_s = time.perf_counter() - begun
    rows = db.execute("SELECT count(*) FROM sighting").fetchone()[0]
    query = f"SELECT {COLUMNS} FROM sighting WHERE plate = ? ORDER BY captured_at"
    out["duckdb"] = {
        **timed(lambda plate: db.execute(query, [plate]).fetchall(), plates),
        "bytes_a_row": round(size(path) / rows, 2),
        "load_s": round(load_s, 1),
    }
    query = f"SELECT {COLUMNS} FROM read_parquet('{files}', hive_partitioning = false) WHERE plate = ? ORDER BY captured_at"
    db.execute("SET enable_object_cache = true") if duckdb.__version__ < "1" else None
    few = plates[: min(len(plates), 60)]
    out["duckdb_on_parquet"] = timed(lambda plate: db.execute(query, [plate]).fetchall(), few)
    db.close()


def clickhouse_peer(plates, out) -> None:
    from chdb import session

    path = work / "clickhouse"
    db = session.Session(str(path))
    db.query("CREATE DATABASE IF NOT EXISTS peer")
    db.query(
        """
        CREATE TABLE peer.sighting (
            plate String CODEC(ZSTD(3)),
            captured_at DateTime64(3, 'UTC') CODEC(Delta, ZSTD(3)),
            delay_ms Int64 CODEC(T64, ZSTD(3)),
            checkpoint LowCardinality(String) CODEC(ZSTD(3)),
            plate_class UInt8 CODEC(ZSTD(3)),
            plate_color LowCardinality(String) CODEC(ZSTD(3)),
            lane Nullable(UInt8) CODEC(ZSTD(3)),
            direction Nullable(UInt8) CODEC(ZSTD(3)),
            speed_kmh Nullable(UInt16) CODEC(T64, ZSTD(3)),
            plate_confidence Nullable(UInt8) CODEC(T64, ZSTD(3)),
            vehicle_type LowCardinality(Nullable(String)) CODEC(ZSTD(3)),
            body_color LowCardinality(Nullable(String)) CODEC(ZSTD(3))
        ) ENGINE = MergeTree ORDER BY (plate, captured_at) SETTINGS index_granularity = 2048
        """
    )
    begun = time.perf_counter()
    db.query(f"INSERT INTO peer.sighting SELECT {COLUMNS} FROM file('{files}', Parquet) SETTINGS max_insert_threads = 2")
    db.query("OPTIMIZE TABLE peer.sighting FINAL")
    load_s = time.perf_counter() - begun
    answer = db.query(
        "SELECT sum(rows), sum(bytes_on_disk) FROM system.parts WHERE table = 'sighting' AND active", "JSONCompact"
    )
    rows, size_bytes = (int(value) for value in json.loads(answer.bytes())["data"][0])

    def trace(plate: str):
        answer = db.query(
            f"SELECT {COLUMNS} FROM peer.sighting WHERE plate = '{plate}' ORDER BY captured_at", "TabSeparated"
        )
        return answer.bytes().splitlines()

    out["clickhouse"] = {
        **timed(trace, plates),
        "bytes_a_row": round(size_bytes / rows, 2),
        "load_s": round(load_s, 1),
        "rows": rows,
    }


def main() -> None:
    import chdb
    import duckdb

    random.seed(7)
    db = duckdb.connect()
    found = db.execute(f"SELECT DISTINCT plate FROM read_parquet('{files}') USING SAMPLE reservoir(20000 ROWS) REPEATABLE (7)")
    plates = sorted(row[0] for row in found.fetchall())
    random.shuffle(plates)
    plates = plates[: traces + 20]
    db.close()
    out = {"versions": {"duckdb": duckdb.__version__, "chdb": chdb.__version__}, "plates": len(plates)}
    duckdb_peer(plates, out)
    clickhouse_peer(plates, out)
    (work / "plates.txt").write_text("\n".join(plates))
    print(json.dumps(out))


if __name__ == "__main__":
    main()
    sys.stdout.flush()
    # chdb's threads don't always end with the interpreter.
    os._exit(0)
