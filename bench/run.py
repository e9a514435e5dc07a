"""One run: fill, start, measure in turn, and the table."""

from __future__ import annotations

import math
import os
import statistics
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path

from bench import loader
from bench.client import Load, Times
from bench.loader import Contents, big_key
from bench.rows import Row, all_rows
from bench.stage import Stage, bare_server, get, load_process, page_path
from comments_service.settings import Settings
from tests.postgres import PostgresServer
from tests.servers import Server

COLD_SECONDS, MOST_MB, MOST_WAIT_MS = 1.0, 120.0, 30.0


@dataclass(frozen=True)
class Plan:
    """What was asked for on the command line."""

    engine: str
    contents: Contents
    seconds: float
    rounds: int
    only: str
    data: Path | None


def run(plan: Plan) -> bool:
    """Measure and print; says whether every aim was met."""
    with ExitStack() as stack:
        temporary = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="bench-")))
        folder = plan.data or temporary
        _use_compiled(temporary)
        database, raw_at = stack.enter_context(_database(plan.engine, folder, temporary))
        settings = {"DATABASE_URL": database} if database else {}
        if database or not (folder / "comments.sqlite").exists():
            loader.fill(
                Settings(data_dir=folder, secret_key="bench", database_url=database), plan.contents
            )
        good = _cold_starts(folder, settings, plan)
        service = stack.enter_context(Server(folder, **settings))
        stage = Stage(
            service,
            *stack.enter_context(bare_server(temporary)),
            stack.enter_context(load_process()),
            temporary,
            plan.contents,
            plan.seconds,
            plan.rounds,
            raw_at,
        )
        return _measure(stage, plan) and good


def _use_compiled(folder: Path) -> None:
    """Let the servers keep compiled modules as an installed service does, outside the checkout."""
    os.environ.pop("PYTHONDONTWRITEBYTECODE", None)
    os.environ["PYTHONPYCACHEPREFIX"] = str(folder / "compiled")


@contextmanager
def _database(engine: str, folder: Path, temporary: Path) -> Iterator[tuple[str, str]]:
    """Where the service keeps its data, '' for its default, and where raw commits go."""
    if engine == "sqlite":
        folder.mkdir(parents=True, exist_ok=True)
        yield "", str(temporary / "raw.sqlite")
        return
    server = PostgresServer()
    try:
        server.start(fsync=True)
        yield server.create_database("bench"), server.create_database("raw")
    finally:
        server.close()


def _measure(stage: Stage, plan: Plan) -> bool:
    good = True
    print(
        f"{'':34}{'per s':>10}{'baseline':>10}{'ratio':>8}{'spread':>12}{'cpu':>8}{'aim':>6}{'load':>6}"
    )
    for row in all_rows(stage):
        if plan.only in row.name:
            good &= _print_row(row, stage)
    if plan.only in "latency":
        good &= _latency(stage)
    memory = stage.resident()
    good &= _line(
        "resident", memory["VmRSS"] < MOST_MB, "{VmRSS:.0f} MB, at most {VmHWM:.0f} MB", memory
    )
    print(f"posters handed somebody else's comment: {stage.foreign} of {stage.posted:,}")
    return good and stage.foreign == 0


def _print_row(row: Row, stage: Stage) -> bool:
    row.subject()  # warm, and fills the cache
    pairs, costs = [], []
    for _ in range(stage.rounds):
        subject, cost = row.subject(), stage.cost
        pairs.append((subject, row.baseline()))
        costs.append(stage.cost / cost)
    ratios = [subject / baseline for subject, baseline in pairs]
    ratio = statistics.median(ratios)
    subject, baseline = (statistics.median(side) for side in zip(*pairs, strict=True))
    spread = f"{min(ratios):.2f}-{max(ratios):.2f}"
    missed = row.aim is not None and ratio < row.aim
    aim = f"{row.aim:.2f}" if row.aim is not None else ""
    cpu = "" if math.isnan(costs[0]) else f"{statistics.median(costs):.3f}"
    print(
        f"{row.name:34}{subject:>10,.0f}{baseline:>10,.0f}{ratio:>8.3f}{spread:>12}{cpu:>8}{aim:>6}"
        f"{os.getloadavg()[0]:>6.1f}{'  MISSED' if missed else ''}",
        flush=True,
    )
    return not missed


def _cold_starts(folder: Path, settings: dict[str, str], plan: Plan) -> bool:
    """Start several times; the first compiles the modules and does not count."""
    took = []
    for _ in range(plan.rounds + 1):
        began = time.perf_counter()
        server = Server(folder, **settings).start()
        took.append(time.perf_counter() - began)
        server.stop()
    median, most = statistics.median(took[1:]), max(took[1:])
    values = {"median": median, "most": most}
    return _line(
        "cold-start", median < COLD_SECONDS, "{median:.2f} s, at most {most:.2f} s", values
    )


def _latency(stage: Stage) -> bool:
    """Small answers on one kept-alive connection; none may wait for a delayed acknowledgement."""
    path = page_path(big_key(stage.contents.big[0]))
    tag = stage.keep("unused", path)
    requests = {
        "latency-livez": get("/livez"),
        "latency-304": get(path, f"If-None-Match: {tag}"),
        "latency-page": get(path),
    }
    good = True
    for name, request in requests.items():
        load = Load(stage.service.port, (request,), connections=1, most=3_000)
        times: Times = stage.drive(load).reads
        form = "median {median:.2f} ms, p99 {p99:.2f} ms, at most {most:.2f} ms"
        good &= _line(name, times.p99 < MOST_WAIT_MS, form, vars(times))
    return good


def _line(name: str, good: bool, form: str, values: dict[str, float]) -> bool:
    print(f"{name:34}{form.format(**values)}{'' if good else '  MISSED'}", flush=True)
    return good


def announce(plan: Plan) -> None:
    """Say what will be measured."""
    sizes = ", ".join(f"{size:,}" for size in plan.contents.big)
    print(
        f"{plan.engine}; threads of {sizes} and {plan.contents.small:,} of "
        f"{plan.contents.small_size}; {plan.rounds} rounds of {plan.seconds} s",
        file=sys.stderr,
    )
