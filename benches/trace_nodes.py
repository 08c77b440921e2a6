#!/usr/bin/env python3
"""The nodes that each strategy really needs, by the plan of nodes and not by a sum.

usage: trace_nodes.py KCOST TRACE.csv.gz CAPACITY.csv.gz [--work FOLDER]

Takes a trace of machines (series_id,timestamp_s,cpu_cores,mem_kib) and what they were given
(series_id,from_timestamp_s,cpu_request_cores,core_mhz,mem_limit_kib), makes every machine a
pod that requests that, packs them first fit onto nodes of one type, and asks `kcost nodes`
for each strategy how many of those nodes remain once its advice is followed.
"""

import csv
import gzip
import json
import math
import subprocess
import sys
import tempfile
from datetime import datetime, timezone
from pathlib import Path

STRATEGIES = ["calibrated", "krr", "vpa", "autopilot", "peak"]
# An m6i.4xlarge: 16 cores, 64 GiB, less what the kubelet keeps.
TYPE, CORES, MEMORY, PODS = "m6i.4xlarge", 15.89, int(60.0 * 2**30), 234
CAPACITY = {"cpu": "16", "memory": "64Gi", "pods": str(PODS)}


def rows(path):
    with gzip.open(path, "rt") as text:
        yield from csv.DictReader(text)


def machines(capacity):
    most = {}
    for row in rows(capacity):
        cores, memory = most.get(row["series_id"], (0.0, 0))
        given = float(row["cpu_request_cores"] or 0), int(float(row["mem_limit_kib"] or 0)) * 1024
        most[row["series_id"]] = max(cores, given[0]), max(memory, given[1])
    return most


def pack(most):
    """First fit, the largest first; a machine larger than a node is cut to it."""
    nodes, places = [], {}
    size = lambda it: max(it[1][0] / CORES, it[1][1] / MEMORY)
    for name, (cores, memory) in sorted(most.items(), key=size, reverse=True):
        want = min(cores, CORES * 0.9), min(memory, int(MEMORY * 0.9))
        for at, (used, held, pods) in enumerate(nodes):
            if used + want[0] <= CORES and held + want[1] <= MEMORY and pods < PODS:
                nodes[at] = used + want[0], held + want[1], pods + 1
                break
        else:
            at = len(nodes)
            nodes.append((want[0], want[1], 1))
        places[name] = at, want
    return len(nodes), places


def objects(count, places):
    items = []
    for at in range(count):
        items.append({
            "apiVersion": "v1", "kind": "Node",
            "metadata": {"name": f"node-{at}", "labels": {
                "node.kubernetes.io/instance-type": TYPE,
                "topology.kubernetes.io/region": "us-east-1",
                "kubernetes.io/arch": "amd64",
                "eks.amazonaws.com/nodegroup": "general",
            }},
            "spec": {"providerID": f"aws:///us-east-1a/i-{at:04}"},
            "status": {
                "capacity": CAPACITY,
                "allocatable": {"cpu": f"{int(CORES * 1000)}m", "memory": str(MEMORY), "pods": str(PODS)},
                "conditions": [{"type": "Ready", "status": "True"}],
            },
        })
    for name, (at, (cores, memory)) in places.items():
        requests = {"cpu": f"{math.ceil(cores * 1000)}m", "memory": str(memory)}
        meta = {"namespace": "trace", "labels": {"app": name}}
        spec = {"containers": [{"name": "app", "image": "app", "resources": {
            "requests": requests, "limits": {"memory": str(memory)}}}]}
        items.append({
            "apiVersion": "apps/v1", "kind": "Deployment",
            "metadata": {**meta, "name": name, "uid": f"d-{name}"},
            "spec": {"replicas": 1, "selector": {"matchLabels": {"app": name}},
                     "template": {"metadata": {"labels": {"app": name}}, "spec": spec}},
        })
        items.append({
            "apiVersion": "apps/v1", "kind": "ReplicaSet",
            "metadata": {**meta, "name": f"{name}-r", "uid": f"r-{name}", "ownerReferences": [
                {"apiVersion": "apps/v1", "kind": "Deployment", "name": name, "uid": f"d-{name}", "controller": True}]},
            "spec": {"replicas": 1, "selector": {"matchLabels": {"app": name}},
                     "template": {"metadata": {"labels": {"app": name}}, "spec": spec}},
            "status": {"replicas": 1},
        })
        items.append({
            "apiVersion": "v1", "kind": "Pod",
            "metadata": {**meta, "name": f"{name}-r-0", "creationTimestamp": "2013-06-30T00:00:00Z",
                         "ownerReferences": [{"apiVersion": "apps/v1", "kind": "ReplicaSet",
                                              "name": f"{name}-r", "uid": f"r-{name}", "controller": True}]},
            "spec": {**spec, "nodeName": f"node-{at}"},
            "status": {"phase": "Running"},
        })
    return {"apiVersion": "v1", "kind": "List", "items": items}


def usage(trace, places, path):
    with open(path, "w", newline="") as out:
        table = csv.writer(out)
        table.writerow(["namespace", "pod", "container", "timestamp", "cpu_cores", "memory_bytes"])
        for row in rows(trace):
            if row["series_id"] in places:
                at = datetime.fromtimestamp(int(row["timestamp_s"]), timezone.utc)
                memory = int(float(row["mem_kib"]) * 1024) if row["mem_kib"] else ""
                table.writerow(["trace", f"{row['series_id']}-r-0", "app",
                                at.strftime("%Y-%m-%dT%H:%M:%SZ"), row["cpu_cores"], memory])


def main():
    kcost, trace, capacity = sys.argv[1:4]
    folder = Path(sys.argv[5]) if "--work" in sys.argv else Path(tempfile.mkdtemp())
    folder.mkdir(parents=True, exist_ok=True)
    count, places = pack(machines(capacity))
    bundle = folder / "trace.kcost"
    if not bundle.exists():
        (folder / "objects.json").write_text(json.dumps(objects(count, places)))
        usage(trace, places, folder / "usage.csv")
        subprocess.run([kcost, "snapshot", "--objects", folder / "objects.json", "--usage",
                        folder / "usage.csv", "-o", bundle], check=True)
    print("| strategy | nodes now | by the sum | by the plan | at least | leaves the bill, a month | fleet, a month | at least |")
    print("|---|---|---|---|---|---|---|---|")
    for strategy in STRATEGIES:
        command = [kcost, "nodes", "--snapshot", bundle, "--strategy", strategy, "--fleet", "-o", "json"]
        report = json.loads(subprocess.run(command, check=True, capture_output=True).stdout)
        told = report["summary"]["advised"]
        mix = report["fleet"]["pools"][0]["mix"] or {}
        cells = [strategy, count, by_sum(report["nodes"]), told["nodes_left"], told["bound"]["nodes_left"],
                 told["monthly_saved"], mix.get("monthly_cost"), mix.get("monthly_cost_at_least")]
        print("|", " | ".join(map(str, cells)), "|")
        sys.stdout.flush()


def by_sum(nodes):
    """Nodes that requests alone would ask for, as if pods could be cut, with a tenth free."""
    cpu = sum(it["advised"]["requested"]["cpu_cores"] for it in nodes)
    memory = sum(it["advised"]["requested"]["memory_bytes"] for it in nodes)
    return math.ceil(max(cpu / (CORES * 0.9), memory / (MEMORY * 0.9)))


main()
