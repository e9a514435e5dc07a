"""`python -m bench.waiting`: 1,000 pollers wait on one process for one publication, beside 1,000 who need not wait.

Each has a connection of its own. A publication is over for a poller when its whole answer has come. The
baseline is the same question with an older cursor, which is answered at once: what 1,000 answers cost anyway.
"""

from __future__ import annotations

import asyncio
import statistics
import tempfile
import time
from pathlib import Path

from bench.stage import SITE, get, post
from tests.servers import Server

POLLERS, ROUNDS, AIM = 1_000, 5, 1.0
"""Connections; rounds, of which the median is told; seconds from the publication to the last answer."""

Line = tuple[asyncio.StreamReader, asyncio.StreamWriter]


async def answer(line: Line) -> float:
    """Return when the whole answer has come."""
    head = await line[0].readuntil(b"\r\n\r\n")
    length = next(row for row in head.lower().split(b"\r\n") if row.startswith(b"content-length:"))
    await line[0].readexactly(int(length.split(b":")[1]))
    if not head.startswith((b"HTTP/1.1 200 ", b"HTTP/1.1 201 ")):
        raise RuntimeError(head.decode())
    return time.perf_counter()


async def ask(lines: list[Line], after: int) -> list[asyncio.Task[float]]:
    """Send the same question on every line."""
    tasks = [asyncio.ensure_future(answer(line)) for line in lines]
    for _, writer in lines:
        writer.write(get(f"{SITE}/changes?after={after}&wait=30&limit=1"))
    return tasks


async def publish(line: Line, words: str) -> float:
    """Post a comment and return when it was acknowledged."""
    line[1].write(post(f"{SITE}/comments", thread="/post", name="alice", body=words))
    return await answer(line)


async def measure(port: int) -> list[tuple[float, float, float]]:
    """Return for each round the seconds to the middle and the last waiting answer, and the baseline's last."""
    lines = [await asyncio.open_connection("127.0.0.1", port) for _ in range(POLLERS)]
    alice = await asyncio.open_connection("127.0.0.1", port)
    await publish(alice, "the first")
    found = []
    for number in range(1, ROUNDS + 1):
        tasks = await ask(lines, number)
        # Whatever the server read before this answer waits by now.
        await asyncio.gather(*(writer.drain() for _, writer in lines))
        alice[1].write(get(f"{SITE}/counts?thread=/post"))
        await answer(alice)
        if any(task.done() for task in tasks):
            raise RuntimeError("somebody did not wait")
        began = time.perf_counter()
        await publish(alice, f"news {number}")
        waited = [at - began for at in await asyncio.gather(*tasks)]
        began = time.perf_counter()
        at_once = [at - began for at in await asyncio.gather(*await ask(lines, number - 1))]
        found.append((statistics.median(waited), max(waited), max(at_once)))
    for _, writer in [*lines, alice]:
        writer.close()
    return found


def main() -> None:
    """Print the figures; exit with 1 where the aim is missed."""
    with tempfile.TemporaryDirectory() as folder, Server(Path(folder)) as server:
        rounds = asyncio.run(measure(server.port))
    middle, last, baseline = (statistics.median(column) for column in zip(*rounds, strict=True))
    print(f"{POLLERS} wait: the median is told after {middle:.3f} s, the last after {last:.3f} s")
    print(
        f"{POLLERS} who need not wait: the last after {baseline:.3f} s; ratio {last / baseline:.2f}"
    )
    met = max(seconds for _, seconds, _ in rounds) <= AIM
    print(f"aim: the last within {AIM:.0f} s in each round: {'met' if met else 'MISSED'}")
    raise SystemExit(not met)


if __name__ == "__main__":
    main()
