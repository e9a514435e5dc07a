"""The load: pre-built requests on kept-alive connections, from a process of its own."""

from __future__ import annotations

import asyncio
import itertools
import math
import time
from collections import Counter
from dataclasses import dataclass, field
from typing import Any

import uvloop

MARK = b"@@@@@@@@@@@@@@@@"
"""Stands in a request for a number that no other request has; as long as the number."""
_GRACE = 30.0
# Microseconds: no load sends a million requests a second, so no later run meets these again.
_numbers = itertools.count(time.time_ns() // 1000)


@dataclass(frozen=True)
class Load:
    """What to send: every `post_every`th request of a connection is a post, the others reads."""

    port: int
    reads: tuple[bytes, ...] = ()
    posts: tuple[bytes, ...] = ()
    post_every: int = 0
    connections: int = 32
    seconds: float = 1.0
    most: int = 1_000_000
    read_back: bool = False  # each read must hold what its connection posted before


@dataclass(frozen=True)
class Times:
    """Milliseconds from a request to the end of its answer."""

    median: float
    p99: float
    most: float

    @classmethod
    def of(cls, seconds: list[float]) -> Times:
        """Return the figures of some durations."""
        ordered = sorted(seconds) or [math.nan]
        return cls(*(1000 * ordered[int(part * (len(ordered) - 1))] for part in (0.5, 0.99, 1.0)))


@dataclass(frozen=True)
class Outcome:
    """What came back."""

    rate: float
    reads: Times
    posts: Times
    statuses: Counter[int]
    posted: int
    foreign: int  # posters that were not given their own comment, or did not find it


@dataclass
class _Run:
    load: Load
    deadline: float = math.inf
    left: int = 0
    open: int = 0
    turn: itertools.count[int] = field(default_factory=itertools.count)
    reads: list[float] = field(default_factory=list)
    posts: list[float] = field(default_factory=list)
    statuses: Counter[int] = field(default_factory=Counter)
    foreign: int = 0
    done: asyncio.Event = field(default_factory=asyncio.Event)


class _Connection(asyncio.Protocol):
    def __init__(self, run: _Run, number: int) -> None:
        self._run, self._sent = run, number
        self._buffer, self._end = b"", 0
        self._token = b""
        self._posting = False
        self._began = 0.0
        self._closed = False

    def connection_made(self, transport: Any) -> None:
        self._transport: asyncio.Transport = transport

    def connection_lost(self, exc: Exception | None) -> None:
        if not self._closed:
            self._run.statuses[0] += 1
            self._finish()

    def send(self) -> None:
        run, load = self._run, self._run.load
        self._sent += 1
        self._posting = load.post_every > 0 and self._sent % load.post_every == 0
        kind = load.posts if self._posting else load.reads
        request = kind[next(run.turn) % len(kind)]
        if MARK in request:
            token = b"%016d" % next(_numbers)
            request = request.replace(MARK, token)
            if self._posting:
                self._token = token
        self._began = time.perf_counter()
        self._transport.write(request)

    def data_received(self, data: bytes) -> None:
        self._buffer = self._buffer + data if self._buffer else data
        if not self._end:
            head = self._buffer.find(b"\r\n\r\n")
            if head < 0:
                return
            self._end = head + 4 + _length(self._buffer[:head].lower())
        if len(self._buffer) >= self._end:
            self._answered()

    def _answered(self) -> None:
        run, now = self._run, time.perf_counter()
        answer, self._buffer, self._end = self._buffer, b"", 0
        run.statuses[int(answer[9:12])] += 1
        (run.posts if self._posting else run.reads).append(now - self._began)
        if (self._posting or run.load.read_back) and self._token not in answer:
            run.foreign += 1
        run.left -= 1
        if now < run.deadline and run.left > 0:
            self.send()
        else:
            self._finish()

    def _finish(self) -> None:
        self._closed = True
        self._transport.close()
        self._run.open -= 1
        if self._run.open == 0:
            self._run.done.set()


def _length(head: bytes) -> int:
    start = head.find(b"content-length:")
    if start < 0:
        return 0
    end = head.find(b"\r\n", start)
    return int(head[start + 15 : end if end > 0 else None])


async def _load(load: Load) -> Outcome:
    run = _Run(load, left=load.most, open=load.connections)
    loop = asyncio.get_running_loop()
    opened = [
        await loop.create_connection(lambda n=n: _Connection(run, n), "127.0.0.1", load.port)
        for n in range(load.connections)
    ]
    began = time.perf_counter()
    run.deadline = began + load.seconds
    for _, connection in opened:
        connection.send()
    await asyncio.wait_for(run.done.wait(), load.seconds + _GRACE)
    took = time.perf_counter() - began
    count = len(run.reads) + len(run.posts)
    times = Times.of(run.reads), Times.of(run.posts)
    return Outcome(count / took, *times, run.statuses, len(run.posts), run.foreign)


def drive(load: Load) -> Outcome:
    """Run a load to its end, in the process that calls."""
    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        return runner.run(_load(load))
