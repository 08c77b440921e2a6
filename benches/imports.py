#!/usr/bin/env python3
"""What it takes to import usage of many containers from Parquet or CSV: a table in Markdown.

usage: imports.py KCOST [--containers 10000] [--days 14] [--by-time] [--csv] [--keep FOLDER]

Writes objects and usage at five minutes, and runs `kcost snapshot` on them; beside it what
DuckDB takes to add up the same columns, where the package duckdb is there. Rows are in the
order of containers, or with --by-time as they were scraped. Needs NumPy and pyarrow. With
--keep the files are made once and stay.
"""

import argparse
import json
import pathlib
import shutil
import statistics
import sys
import tempfile

import numpy
import pyarrow
import pyarrow.csv
import pyarrow.parquet

from measured import measured

STEP = 300
END = 1_790_000_000 // STEP * STEP
AT_A_TIME = 1 << 18


def pod(number):
    return f"service-{number // 2:05}-7d9f8b6c54-{number:05}"


def objects(containers):
    """A Deployment for each two pods, whose names say whose they are."""
    for number in range(0, containers, 2):
        name = f"service-{number // 2:05}"
        template = {
            "metadata": {"labels": {"app": name}},
            "spec": {"containers": [{"name": "app", "resources": {"requests": {"cpu": "500m", "memory": "1Gi"}}}]},
        }
        yield {
            "apiVersion": "apps/v1", "kind": "Deployment",
            "metadata": {"namespace": f"team-{number % 60:02}", "name": name, "uid": name},
            "spec": {"replicas": 2, "selector": {"matchLabels": {"app": name}}, "template": template},
        }
        for one in (number, number + 1):
            yield {
                "apiVersion": "v1", "kind": "Pod",
                "metadata": {"namespace": f"team-{number % 60:02}", "name": pod(one), "labels": {"app": name, "pod-template-hash": "7d9f8b6c54"},
                             "ownerReferences": [{"apiVersion": "apps/v1", "kind": "ReplicaSet", "name": f"{name}-7d9f8b6c54", "uid": name, "controller": True}]},
                "spec": template["spec"], "status": {"phase": "Running"},
            }


def tables(containers, slots, by_time):
    """Rows, so many at a time."""
    namespaces = pyarrow.array([f"team-{number // 2 * 2 % 60:02}" for number in range(containers)])
    pods = pyarrow.array([pod(number) for number in range(containers)])
    chance = numpy.random.default_rng(1)
    level, size = chance.lognormal(-2, 1, containers), chance.lognormal(19, 1, containers)
    for start in range(0, containers * slots, AT_A_TIME):
        row = numpy.arange(start, min(start + AT_A_TIME, containers * slots))
        which, slot = (row % containers, row // containers) if by_time else (row // slots, row % slots)
        index = pyarrow.array(which.astype(numpy.int32))
        wave = 1 + 0.5 * numpy.sin(slot / 288 * 2 * numpy.pi + which)
        yield pyarrow.table({
            "namespace": namespaces.take(index),
            "pod": pods.take(index),
            "container": pyarrow.repeat("app", len(row)),
            "timestamp": END - (slots - slot.astype(numpy.int64)) * STEP,
            "cpu_cores": (level[which] * wave * chance.lognormal(0, 0.3, len(row))).astype(numpy.float32),
            "memory_bytes": size[which] * (0.8 + 0.2 * chance.random(len(row))) // 4_096 * 4_096,
        })


def write(path, parts, csv):
    writer = None
    for part in parts:
        if writer is None:
            make = pyarrow.csv.CSVWriter if csv else pyarrow.parquet.ParquetWriter
            writer = make(path, part.schema)
        writer.write(part)
    writer.close()


def main():
    options = argparse.ArgumentParser(usage=__doc__)
    options.add_argument("kcost")
    options.add_argument("--containers", type=int, default=10_000)
    options.add_argument("--days", type=int, default=14)
    options.add_argument("--by-time", action="store_true")
    options.add_argument("--csv", action="store_true")
    options.add_argument("--rounds", type=int, default=3)
    options.add_argument("--keep")
    options = options.parse_args()
    folder = pathlib.Path(options.keep or tempfile.mkdtemp())
    folder.mkdir(exist_ok=True)
    usage, things = folder / ("usage.csv" if options.csv else "usage.parquet"), folder / "objects.json"
    if not usage.exists():
        slots = options.days * 86_400 // STEP
        write(usage, tables(options.containers, slots, options.by_time), options.csv)
        things.write_text(json.dumps({"kind": "List", "items": list(objects(options.containers))}))
    bundle = folder / "imported.kcost"
    ways = {"kcost snapshot": [options.kcost, "snapshot", "--no-config", "--objects", things, "--usage", usage, "-o", bundle]}
    try:
        import duckdb  # noqa: F401
        scan = f"SELECT namespace, pod, container, count(timestamp), sum(cpu_cores), sum(memory_bytes) FROM '{usage}' GROUP BY ALL"
        ways["DuckDB's sums"] = [sys.executable, "-c", f"import duckdb; duckdb.sql('''{scan}''').fetchall()"]
    except ImportError:
        pass
    print(f"{options.containers} containers, {options.days} days, {usage.stat().st_size / 1e6:.0f} MB\n")
    print("| | wall | CPU | peak |\n|---|---|---|---|")
    try:
        for name, command in ways.items():
            rows = []
            for _ in range(options.rounds):
                shutil.rmtree(bundle, ignore_errors=True)
                rows.append(measured(command))
            wall, cpu, peak = (statistics.median(column) for column in zip(*rows))
            print(f"| {name} | {wall:.1f} s | {cpu:.1f} s | {peak:.0f} MB |", flush=True)
    finally:
        shutil.rmtree(bundle, ignore_errors=True)
        if not options.keep:
            shutil.rmtree(folder)


if __name__ == "__main__":
    main()
