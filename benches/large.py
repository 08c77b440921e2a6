#!/usr/bin/env python3
"""A bundle of many copies of another one, and what its analysis takes.

usage: large.py KCOST BUNDLE COPIES OUT.kcost

Writes OUT.kcost, unless it is there: the workloads, pods and nodes of BUNDLE so many times,
each time under other names. Then analyzes it once. Needs the packages pyarrow and zstd
support in it; 300,000 containers over a fortnight take about 7 GB of disk.
"""

import copy
import hashlib
import json
import os
import sys

import pyarrow
import pyarrow.compute as compute
import pyarrow.parquet as parquet

from measured import measured

ROWS = 1 << 17


def renamed(name, number):
    return f"c{number:04}-{name}"


def workloads_of(number, workloads):
    for workload in copy.deepcopy(workloads):
        workload["namespace"] = renamed(workload["namespace"], number)
        for pod in workload["pods"]:
            if pod.get("node"):
                pod["node"] = renamed(pod["node"], number)
        yield workload


def usage(source, copies, out):
    """The same rows over and over, one row group after the other."""
    table = parquet.read_table(source)
    place = table.schema.get_field_index("namespace")
    names = table.column(place).cast(pyarrow.string())
    table = table.set_column(place, "namespace", names)
    with parquet.ParquetWriter(out, table.schema, compression="zstd", compression_level=1) as writer:
        for number in range(copies):
            column = compute.binary_join_element_wise(renamed("", number), names, "")
            writer.write_table(table.set_column(place, "namespace", column), row_group_size=ROWS)


def write(source, copies, out):
    os.mkdir(out)
    load = lambda name: json.load(open(os.path.join(source, name)))
    manifest, cluster = load("snapshot.json"), load("cluster.json")
    workloads, series = load("workloads.json"), load("series.json")
    numbers = range(copies)
    nodes = [dict(node, name=renamed(node["name"], number)) for number in numbers for node in cluster["nodes"]]
    files = {
        "cluster.json": dict(cluster, nodes=sorted(nodes, key=lambda node: node["name"])),
        "workloads.json": [workload for number in numbers for workload in workloads_of(number, workloads)],
        "series.json": [
            dict(head, workload=head["workload"] + number * len(workloads)) for number in numbers for head in series
        ],
    }
    for name, content in files.items():
        with open(os.path.join(out, name), "w") as file:
            json.dump(content, file, separators=(",", ":"))
    usage(os.path.join(source, "usage.parquet"), copies, os.path.join(out, "usage.parquet"))
    manifest.pop("manifest_sha256", None)
    manifest["cluster"]["nodes"] = len(nodes)
    for entry in manifest["files"]:
        path = os.path.join(out, entry["name"])
        entry["bytes"] = os.path.getsize(path)
        entry["sha256"] = hashlib.file_digest(open(path, "rb"), "sha256").hexdigest()
    with open(os.path.join(out, "snapshot.json"), "w") as file:
        json.dump(manifest, file, indent=2)
    print(f"{len(files['series.json'])} containers of {len(files['workloads.json'])} workloads on {len(nodes)} nodes")


def main():
    if len(sys.argv) != 5:
        sys.exit(__doc__)
    kcost, source, copies, out = sys.argv[1:]
    if not os.path.exists(out):
        write(source, int(copies), out)
    wall, cpu, peak = measured([kcost, "analyze", "--no-config", "--snapshot", out, "-o", "json"])
    print("| wall | CPU | peak |\n|---|---|---|")
    print(f"| {wall:.0f} s | {cpu:.0f} s | {peak:.0f} MB |")


if __name__ == "__main__":
    main()
