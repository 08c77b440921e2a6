#!/usr/bin/env python3
"""What it takes to read a cluster's usage, by engine and by way: a table in Markdown.

usage: stores.py KCOST [--workloads 1000] [--days 14] [--interval 300] [--keep FOLDER]

Makes usage of a cluster of so many Deployments, fills a Prometheus with it, stands in
for an API server that lists the objects and passes requests on to Prometheus as its
service proxy does, and runs `kcost analyze` against both. Needs `prometheus` and
`promtool` on PATH and NumPy; listens on 127.0.0.1 alone. With --keep the data is made
once and stays.
"""

import argparse
import http.server
import json
import os
import pathlib
import random
import shutil
import socket
import subprocess
import sys
import tempfile
import threading
import time
import urllib.request

import numpy

DAY = 86_400
MIB = 1 << 20
SERVICE = "/api/v1/namespaces/monitoring/services/prometheus:9090/proxy"


def deployments(count):
    """Deployments: namespace, name, replicas, containers with cores and MiB they use."""
    chance = random.Random(1)
    for number in range(count):
        containers = [
            {
                "name": name,
                "cores": round(chance.lognormvariate(-2.5, 1.1), 3),
                "mib": round(chance.lognormvariate(5.3, 0.9)),
                "limited": chance.random() < 0.4,
            }
            for name in (["app"] if chance.random() < 0.75 else ["app", "proxy"])
        ]
        yield f"team-{number % 30:02}", f"service-{number:04}", chance.choice([1, 1, 1, 2, 2, 3]), containers


def pods(name, replicas):
    letters = "bcdfghjklmnpqrstvwxz2456789"
    chance = random.Random(name)
    template = "".join(chance.choices(letters, k=9))
    for _ in range(replicas):
        yield template, f"{name}-{template}-" + "".join(chance.choices(letters, k=5))


def labels(namespace, pod, container, node):
    """As cAdvisor's series are labelled in real clusters: some 450 bytes."""
    uid = random.Random(pod + container).randbytes(32).hex()
    return (
        f'container="{container}",endpoint="https-metrics",'
        f'id="/kubepods.slice/kubepods-burstable.slice/pod{uid[:32]}.slice/cri-containerd-{uid}.scope",'
        f'image="registry.example.com/shop/{container}:v1.4.2",instance="10.0.0.{node}:10250",job="kubelet",'
        f'metrics_path="/metrics/cadvisor",name="{uid}",namespace="{namespace}",node="node-{node:03}",'
        f'pod="{pod}",service="kubelet"'
    )


class Cluster:
    """Objects, and usage a day at a time."""

    def __init__(self, count):
        self.items = {"deployments": [], "replicasets": [], "pods": [], "nodes": [], "services": []}
        self.series = []
        for number, (namespace, name, replicas, containers) in enumerate(deployments(count)):
            self.add(number, namespace, name, replicas, containers)
        size = {"cpu": "16", "memory": "64Gi", "pods": "110"}
        for node in range(100):
            status = {"allocatable": size, "capacity": size}
            self.items["nodes"].append({"metadata": {"name": f"node-{node:03}"}, "status": status})

    def add(self, number, namespace, name, replicas, containers):
        spec = {"containers": [
            {"name": it["name"], "image": "i", "resources": {
                "requests": {"cpu": f"{round(it['cores'] * 3_000)}m", "memory": f"{it['mib'] * 2}Mi"},
                "limits": {"memory": f"{it['mib'] * 3}Mi"},
            }} for it in containers
        ]}
        here, match = {"namespace": namespace}, {"app": name}
        template = {"metadata": {"labels": match}, "spec": spec}
        born = {"creationTimestamp": "2026-01-01T00:00:00Z"}
        self.items["deployments"].append({
            "metadata": here | born | {"name": name, "uid": name},
            "spec": {"replicas": replicas, "selector": {"matchLabels": match}, "template": template},
        })
        for at, (hash, pod) in enumerate(pods(name, replicas)):
            node = (number + at * 7) % 100
            if at == 0:
                owner = [{"apiVersion": "apps/v1", "kind": "Deployment", "name": name, "uid": name, "controller": True}]
                self.items["replicasets"].append({
                    "metadata": here | born | {"name": f"{name}-{hash}", "uid": f"{name}-{hash}", "ownerReferences": owner},
                    "spec": {"replicas": replicas, "selector": {"matchLabels": match}, "template": template},
                })
            owner = [{"apiVersion": "apps/v1", "kind": "ReplicaSet", "name": f"{name}-{hash}", "uid": f"{name}-{hash}", "controller": True}]
            self.items["pods"].append({
                "metadata": here | born | {"name": pod, "uid": pod, "labels": match | {"pod-template-hash": hash}, "ownerReferences": owner},
                "spec": spec | {"nodeName": f"node-{node:03}"},
                "status": {"phase": "Running", "startTime": "2026-01-01T00:00:00Z"},
            })
            for it in containers:
                text = labels(namespace, pod, it["name"], node)
                self.series.append({**it, "labels": text, "seed": len(self.series), "seconds": 0.0})

    def day(self, out, first, interval):
        """OpenMetrics of a day that begins at `first`."""
        times = numpy.arange(first + 7, first + DAY, interval)
        stamps = [str(time) for time in times]
        hour = times % DAY / 3_600
        columns = {"cpu": [], "memory": [], "periods": [], "throttled": []}
        for one in self.series:
            chance = numpy.random.default_rng(one["seed"] * 100_003 + first)
            wave = 1 + 0.6 * numpy.sin((hour - 9 + one["seed"] % 5) / 24 * 2 * numpy.pi)
            cores = one["cores"] * wave * chance.lognormal(0, 0.35, len(times))
            seconds = one["seconds"] + numpy.cumsum(cores * interval)
            one["seconds"] = seconds[-1]
            pages = (one["mib"] * MIB * (0.8 + 0.2 * chance.random(len(times))) // 4_096).astype(int) * 4_096
            columns["cpu"].append((one["labels"] + ',cpu="total"', [f"{it:.9f}" for it in seconds]))
            columns["memory"].append((one["labels"], pages.astype(str)))
            if one["limited"]:
                periods = ((times - 1_700_000_000) * 8).astype(str)
                columns["periods"].append((one["labels"], periods))
                columns["throttled"].append((one["labels"], ((times - 1_700_000_000) // 3).astype(str)))
        for key, metric, kind in (
            ("cpu", "container_cpu_usage_seconds_total", "counter"),
            ("memory", "container_memory_working_set_bytes", "gauge"),
            ("periods", "container_cpu_cfs_periods_total", "counter"),
            ("throttled", "container_cpu_cfs_throttled_periods_total", "counter"),
        ):
            out.write(f"# TYPE {metric.removesuffix('_total')} {kind}\n")
            for text, values in columns[key]:
                head = f"{metric}{{{text}}} "
                out.write("".join(f"{head}{value} {time}\n" for value, time in zip(values, stamps)))
        out.write("# EOF\n")


def fill(cluster, data, end, days, interval):
    with tempfile.TemporaryDirectory() as folder:
        for day in range(days):
            path = pathlib.Path(folder, "day.om")
            with open(path, "w") as out:
                cluster.day(out, end - (days - day) * DAY, interval)
            command = ["promtool", "tsdb", "create-blocks-from", "openmetrics", "--max-block-duration=24h", path, data]
            subprocess.run(command, check=True, stdout=subprocess.DEVNULL)
            print(f"day {day + 1} of {days}", file=sys.stderr)


def free_port():
    with socket.socket() as one:
        one.bind(("127.0.0.1", 0))
        return one.getsockname()[1]


class Prometheus:
    def __init__(self, data):
        self.port = free_port()
        self.folder = tempfile.TemporaryDirectory()
        config = pathlib.Path(self.folder.name, "prometheus.yml")
        config.write_text("global: {}\n")
        self.process = subprocess.Popen([
            "prometheus", f"--config.file={config}", f"--storage.tsdb.path={data}",
            "--storage.tsdb.retention.time=4000d", f"--web.listen-address=127.0.0.1:{self.port}",
        ], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        while True:
            try:
                urllib.request.urlopen(f"http://127.0.0.1:{self.port}/-/ready").read()
                return
            except OSError:
                time.sleep(0.1)

    def cpu(self):
        """Seconds so far."""
        with open(f"/proc/{self.process.pid}/stat") as stat:
            fields = stat.read().rsplit(")", 1)[1].split()
        return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")

    def sums(self):
        """Requests and bytes of its API so far."""
        text = urllib.request.urlopen(f"http://127.0.0.1:{self.port}/metrics").read().decode()
        requests = written = 0
        for line in text.splitlines():
            if '="/api/v1/' in line:
                if line.startswith("prometheus_http_requests_total{"):
                    requests += int(float(line.rsplit(" ", 1)[1]))
                if line.startswith("prometheus_http_response_size_bytes_sum{"):
                    written += int(float(line.rsplit(" ", 1)[1]))
        return requests, written


def api_server(cluster, behind):
    """Lists, and the service proxy: headers and bytes pass as they are."""
    service = {"metadata": {"namespace": "monitoring", "name": "prometheus", "labels": {"app.kubernetes.io/name": "prometheus"}},
               "spec": {"ports": [{"name": "web", "port": 9090}]}}
    cluster.items["services"] = [service]
    lists = {kind: json.dumps({"kind": "List", "apiVersion": "v1", "metadata": {}, "items": items}).encode()
             for kind, items in cluster.items.items()}

    class Handler(http.server.BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def log_message(self, *_):
            pass

        def say(self, status, body):
            self.send_response(status)
            self.send_header("Content-Type", "application/json")
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def do_GET(self):
            length = int(self.headers.get("Content-Length", 0))
            body = self.rfile.read(length)
            path = self.path.split("?")[0]
            if path.startswith(SERVICE):
                return self.pass_on(body)
            if path == "/version":
                return self.say(200, b'{"major":"1","minor":"34","gitVersion":"v1.34.0"}')
            kind = path.rsplit("/", 1)[1]
            return self.say(200, lists.get(kind, b'{"kind":"List","apiVersion":"v1","metadata":{},"items":[]}'))

        do_POST = do_GET

        def pass_on(self, body):
            """Bytes as they come, so that the stand-in itself takes next to nothing."""
            kept = ((key, value) for key, value in self.headers.items() if key.lower() not in ("host", "connection"))
            lines = [f"{self.command} {self.path[len(SERVICE):]} HTTP/1.1", f"Host: 127.0.0.1:{behind}", "Connection: close"]
            lines += [f"{key}: {value}" for key, value in kept]
            with socket.create_connection(("127.0.0.1", behind)) as server:
                server.sendall("\r\n".join([*lines, "", ""]).encode() + body)
                while part := server.recv(1 << 20):
                    self.connection.sendall(part)
            self.close_connection = True

    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    return server.server_port


def kubeconfig(folder, port):
    path = pathlib.Path(folder, "kubeconfig")
    path.write_text(json.dumps({
        "apiVersion": "v1", "kind": "Config", "current-context": "bench",
        "clusters": [{"name": "bench", "cluster": {"server": f"http://127.0.0.1:{port}"}}],
        "users": [{"name": "bench", "user": {}}],
        "contexts": [{"name": "bench", "context": {"cluster": "bench", "user": "bench"}}],
    }))
    return path


def run(kcost, arguments, prometheus, errors):
    """A row: wall, own CPU, own peak, requests, bytes, the server's CPU."""
    before, cpu = prometheus.sums(), prometheus.cpu()
    started = time.monotonic()
    with open(os.devnull, "w") as null, open(errors, "w") as told:
        child = subprocess.Popen([kcost, *arguments], stdout=null, stderr=told)
        _, status, used = os.wait4(child.pid, 0)
    wall = time.monotonic() - started
    if status:
        sys.exit(pathlib.Path(errors).read_text())
    cpu = prometheus.cpu() - cpu
    after = prometheus.sums()
    return [
        f"{wall:.1f} s", f"{used.ru_utime + used.ru_stime:.1f} s", f"{used.ru_maxrss / 1_024:.0f} MB",
        f"{after[0] - before[0]}", f"{(after[1] - before[1]) / 1e6:.0f} MB", f"{cpu:.1f} s",
    ]


def main():
    options = argparse.ArgumentParser(usage=__doc__)
    options.add_argument("kcost")
    options.add_argument("--workloads", type=int, default=1_000)
    options.add_argument("--days", type=int, default=14)
    options.add_argument("--interval", type=int, default=300)
    options.add_argument("--keep")
    options = options.parse_args()
    kept = options.keep or tempfile.mkdtemp()
    data, mark = pathlib.Path(kept, "data"), pathlib.Path(kept, "end")
    cluster = Cluster(options.workloads)
    if not mark.exists():
        end = int(time.time()) // DAY * DAY
        fill(cluster, data, end, options.days, options.interval)
        mark.write_text(str(end))
    prometheus = Prometheus(data)
    try:
        folder = tempfile.mkdtemp()
        config = kubeconfig(folder, api_server(cluster, prometheus.port))
        containers = len(cluster.series)
        print(f"{options.workloads} Deployments, {containers} containers, {options.days} days at {options.interval} s\n")
        print("| engine | way | wall | own CPU | own peak | requests | bytes | CPU of Prometheus |")
        print("|---|---|---|---|---|---|---|---|")
        ways = {
            "direct": ["--prometheus-url", f"http://127.0.0.1:{prometheus.port}"],
            "service proxy": ["--prometheus-service", "monitoring/prometheus:9090"],
        }
        for engine in ("chunks", "raw", "pushdown"):
            for way, flags in ways.items():
                arguments = ["analyze", "--no-config", "--kubeconfig", str(config), "--engine", engine,
                             "--window", f"{options.days}d", "-o", "json", *flags]
                rows = [run(options.kcost, arguments, prometheus, f"{folder}/errors") for _ in range(3)]
                row = sorted(rows, key=lambda it: float(it[0].split()[0]))[1]
                print("|", " | ".join([engine, way, *row]), "|", flush=True)
    finally:
        prometheus.process.kill()
        prometheus.process.wait()
        if not options.keep:
            shutil.rmtree(kept)


if __name__ == "__main__":
    main()
