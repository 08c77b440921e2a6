#!/usr/bin/env python3
"""How long an analysis of a bundle takes beside DuckDB's quantiles over the same samples.

usage: quantiles.py KCOST BUNDLE [ROUNDS]

Turn by turn, so that both meet the same machine; wall, CPU and peak are medians. Needs
the package duckdb.
"""

import statistics
import sys

from measured import measured

QUANTILES = """
SELECT namespace, workload, container,
       quantile_cont(cpu_cores, [0.5, 0.9, 0.95, 0.99, 1.0]),
       quantile_cont(memory_bytes, [0.5, 0.9, 0.95, 0.99, 1.0])
FROM read_parquet('{0}/usage.parquet') GROUP BY ALL
"""

# What a profile tells of a container, without its shape: more quantiles, maxima, and those of
# each day.
PROFILES = """
SELECT namespace, workload, container, max(cpu_cores), max(memory_bytes),
       quantile_cont(cpu_cores, [0.5, 0.75, 0.9, 0.95, 0.96, 0.97, 0.98, 0.99, 0.999]),
       quantile_cont(memory_bytes, [0.5, 0.75, 0.9, 0.95, 0.96, 0.97, 0.98, 0.99, 0.999])
FROM read_parquet('{0}/usage.parquet') GROUP BY ALL
""", """
SELECT namespace, workload, container, date_trunc('day', time), max(cpu_cores), max(memory_bytes)
FROM read_parquet('{0}/usage.parquet') GROUP BY ALL
"""


def duckdb(queries, bundle):
    run = (f"duckdb.sql('''{query.format(bundle)}''').fetchall()" for query in queries)
    return [sys.executable, "-c", "; ".join(["import duckdb", *run])]


def main():
    if len(sys.argv) < 3:
        sys.exit(__doc__)
    kcost, bundle = sys.argv[1:3]
    rounds = int(sys.argv[3]) if len(sys.argv) > 3 else 3
    ways = {
        "kcost": [kcost, "analyze", "--no-config", "--snapshot", bundle, "-o", "json"],
        "kcost, rule krr": [kcost, "analyze", "--no-config", "--snapshot", bundle, "--strategy", "krr", "-o", "json"],
        "DuckDB, five quantiles": duckdb([QUANTILES], bundle),
        "DuckDB, nine, maxima and those of each day": duckdb(PROFILES, bundle),
    }
    rows = {name: [] for name in ways}
    for _ in range(rounds):
        for name, command in ways.items():
            rows[name].append(measured(command))
    print("| | wall | CPU | peak |\n|---|---|---|---|")
    for name, measures in rows.items():
        wall, cpu, peak = (statistics.median(column) for column in zip(*measures))
        print(f"| {name} | {wall:.2f} s | {cpu:.2f} s | {peak:.0f} MB |")


if __name__ == "__main__":
    main()
