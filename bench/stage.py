"""What a run stands on: the service, the bare route and the load, each in a process of its own."""

from __future__ import annotations

import json
import math
import multiprocessing
import os
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator
from concurrent.futures import ProcessPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TypeVar
from urllib.parse import quote

from bench import client, raw
from bench.client import Load, Outcome
from bench.loader import Contents
from tests.servers import PATIENCE, ROOT, Server, free_port

T = TypeVar("T")
SITE = "/api/v1/sites/default"
_EXPECTED = {200, 201, 304}


class WrongAnswer(RuntimeError):
    """A measured answer was not the one wanted; its figure would mean nothing."""


def get(path: str, *headers: str) -> bytes:
    """Return the bytes of a GET."""
    lines = [f"GET {path} HTTP/1.1", "Host: 127.0.0.1", "Accept: */*", *headers, "", ""]
    return "\r\n".join(lines).encode()


def post(path: str, **fields: str) -> bytes:
    """Return the bytes of a POST of JSON."""
    body = json.dumps(fields, ensure_ascii=False).encode()
    kind = f"Content-Type: application/json\r\nContent-Length: {len(body)}"
    return f"POST {path} HTTP/1.1\r\nHost: 127.0.0.1\r\n{kind}\r\n\r\n".encode() + body


def page_path(key: str, page: int | str = "first", more: str = "") -> str:
    """Return the path of a page of a thread."""
    return f"{SITE}/comments?thread={quote(key)}&page={page}{more}"


@dataclass
class Stage:
    """The running processes, and how long a measurement takes."""

    service: Server
    bare_pid: int
    bare_port: int
    pool: ProcessPoolExecutor
    folder: Path
    contents: Contents
    seconds: float
    rounds: int
    raw_at: str  # a path or a URL, for commits without any service
    posted: int = 0
    foreign: int = 0
    cost: float = math.nan  # processor seconds of the server for each answer of the last load

    def apart(self, work: Callable[..., T], *arguments: object) -> T:
        """Do something in the load's process."""
        return self.pool.submit(work, *arguments).result()

    def drive(self, load: Load) -> Outcome:
        """Send a load. Raises WrongAnswer when any answer is an error."""
        pid = self.service.pid if load.port == self.service.port else self.bare_pid
        before = _processor_seconds(pid)
        outcome = self.apart(client.drive, replace(load, seconds=self.seconds))
        self.cost = (_processor_seconds(pid) - before) / max(1, outcome.statuses.total())
        self.posted += outcome.posted
        self.foreign += outcome.foreign
        if set(outcome.statuses) - _EXPECTED:
            raise WrongAnswer(f"answers by status: {dict(outcome.statuses)}")
        return outcome

    def reads(self, *requests: bytes) -> float:
        """Return how many requests of these a second the service answers."""
        return self.drive(Load(self.service.port, requests)).rate

    def bare(self, name: str, posting: bytes = b"") -> float:
        """Return how many requests a second the bare route answers with bytes once kept."""
        request = posting.replace(b"POST ", f"POST /{name}?".encode(), 1) or get(f"/{name}")
        return self.drive(Load(self.bare_port, (request,))).rate

    def raw(self, clients: int, body: str) -> float:
        """Return how many durable single-row commits a second there are without any service."""
        self.cost = math.nan
        return self.apart(raw.commits, self.raw_at, clients, self.seconds, body)

    def keep(self, name: str, path: str, body: bytes | None = None) -> str:
        """Fetch what the service answers and keep it for the bare route; returns its ETag."""
        kind = {"Content-Type": "application/json"} if body else {}
        request = urllib.request.Request(self.service.url + path, body, kind)
        with urllib.request.urlopen(request, timeout=PATIENCE) as answer:
            (self.folder / name).write_bytes(answer.read())
            return str(answer.headers.get("ETag", ""))

    def resident(self) -> dict[str, float]:
        """Return the memory of the service and its renderer in MB, now and at most."""
        pid = self.service.pid
        children = Path(f"/proc/{pid}/task/{pid}/children").read_text().split()
        found = [_memory(number) for number in (pid, *map(int, children))]
        return {name: sum(sizes[name] for sizes in found) for name in ("VmRSS", "VmHWM")}


def _memory(pid: int) -> dict[str, float]:
    lines = Path(f"/proc/{pid}/status").read_text().splitlines()
    sizes = dict(line.split(":", 1) for line in lines if line.startswith("Vm"))
    return {name: int(sizes[name].split()[0]) / 1024 for name in ("VmRSS", "VmHWM")}


def _processor_seconds(pid: int) -> float:
    fields = Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


@contextmanager
def bare_server(folder: Path) -> Iterator[tuple[int, int]]:
    """Run the bare route; its process number and its port."""
    port = free_port()
    command = [sys.executable, "-m", "bench.bare", str(port), str(folder)]
    process = subprocess.Popen(command, stdin=subprocess.DEVNULL, cwd=ROOT)
    try:
        _wait_for(f"http://127.0.0.1:{port}/304")
        yield process.pid, port
    finally:
        process.terminate()
        process.wait(PATIENCE)


def _wait_for(url: str) -> None:
    deadline = time.monotonic() + PATIENCE
    while time.monotonic() < deadline:
        try:
            urllib.request.urlopen(url, timeout=2)
        except urllib.error.HTTPError:
            return  # any answer will do
        except OSError:
            time.sleep(0.02)
    raise RuntimeError(f"nothing answers at {url}")


@contextmanager
def load_process() -> Iterator[ProcessPoolExecutor]:
    """Run the process that sends the load."""
    context = multiprocessing.get_context("spawn")
    with ProcessPoolExecutor(1, mp_context=context) as pool:
        yield pool
