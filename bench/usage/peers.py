"""The same totals by DuckDB or Polars: `peers.py ENGINE FILE TOTALS THREADS`.

Prints the groups, the sum of all totals, the seconds of CPU, of the clock, and the most memory in
KiB, measured before the totals are written for comparison. Sums are exact: of 128 bits. Which rows
count is told by a column: what repeats or contradicts another row, or is wrong, is not looked for.
"""

import os
import resource
import sys
import time

engine, file, out, threads = sys.argv[1:5]
os.environ["POLARS_MAX_THREADS"] = threads
KEYS = ["buyer", "seller", "meter", "object", "site", "gpu"]


def duckdb_totals():
    import duckdb

    connection = duckdb.connect(config={"threads": int(threads)})
    # Nothing asks for the order of the rows.
    connection.execute("SET preserve_insertion_order = false")
    totals = f"""SELECT {", ".join(KEYS)}, epoch_ms(start) // 3600000 AS hour,
        sum(quantity::HUGEINT) AS total FROM read_parquet('{file}') WHERE counts GROUP BY ALL"""
    used = spent()
    groups, whole = connection.execute(f"SELECT count(*), sum(total) FROM ({totals})").fetchone()
    yield groups, whole, used
    connection.execute(
        f"""COPY (SELECT {", ".join(KEYS)}, hour::BIGINT AS hour, total::VARCHAR AS total
        FROM ({totals})) TO '{out}' (FORMAT parquet)"""
    )


def polars_totals(streaming):
    import polars

    hour = polars.col("start").dt.epoch("ms") // 3_600_000
    totals = (
        polars.scan_parquet(file)
        .filter(polars.col("counts"))
        .group_by(*KEYS, hour.alias("hour"))
        .agg(polars.col("quantity").cast(polars.Int128).sum().alias("total"))
    )
    used = spent()
    frame = totals.collect(engine="streaming" if streaming else "in-memory")
    yield frame.height, frame["total"].sum(), used
    frame.with_columns(polars.col("total").cast(polars.String)).write_parquet(out)


def spent():
    usage = resource.getrusage(resource.RUSAGE_SELF)
    return usage.ru_utime + usage.ru_stime, time.monotonic()


run = duckdb_totals() if engine == "duckdb" else polars_totals(engine == "polars-streaming")
groups, whole, (cpu, clock) = next(run)
after = spent()
most = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
print(groups, whole, f"{after[0] - cpu:.2f}", f"{after[1] - clock:.2f}", most)
if out != "-":
    next(run, None)
