#!/usr/bin/env python3
"""How long an analysis of a bundle takes beside DuckDB's quantiles over the same samples.

usage: quantiles.py KCOST BUNDLE [ROUNDS]

Turn by turn, so that both meet the same machine; wall, CPU and peak are medians. Needs
the package duckdb.
"""

import statistics
import sys

from measured import measured

QUERY = """
SELECT namespace, workload, container,
       quantile_cont(cpu_cores, [0.5, 0.9, 0.95, 0.99, 1.0]),
       quantile_cont(memory_bytes, [0.5, 0.9, 0.95, 0.99, 1.0])
FROM read_parquet('{}/usage.parquet') GROUP BY ALL
"""


def main():
    if len(sys.argv) < 3:
        sys.exit(__doc__)
    kcost, bundle = sys.argv[1:3]
    rounds = int(sys.argv[3]) if len(sys.argv) > 3 else 3
    program = f"import duckdb; duckdb.sql('''{QUERY.format(bundle)}''').fetchall()"
    ways = {
        "kcost": [kcost, "analyze", "--no-config", "--snapshot", bundle, "-o", "json"],
        "kcost, rule krr": [kcost, "analyze", "--no-config", "--snapshot", bundle, "--strategy", "krr", "-o", "json"],
        "DuckDB": [sys.executable, "-c", program],
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
