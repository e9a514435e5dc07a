"""Rendering in a process of its own: it leaves the server free to answer, and can be ended when it hangs.

The parent, here, sends sources, each a line of JSON, and reads a line for each in turn. Before each formula
the child (`renderer_child.py`) writes its number, and it ends itself when a comment's formulas have used up
their time: what is in native code can't be stopped in any other way. The parent then starts another child,
and the formula at fault is shown as its source; a text that ends a child otherwise is shown as it was typed.
The libraries for texts are loaded by the child alone, and here when something must be shown as typed.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
import os
import sys
from collections import deque
from dataclasses import asdict, dataclass, field
from pathlib import Path

import orjson

from comments_service.core.rendered import Notice, Rendered

_log = logging.getLogger("comments_service")

DEADLINE_SECONDS = 3.0
"""How long one text may take; none is known that takes a tenth of it."""
START_SECONDS = 30.0
"""How long a child may take to start: no text is blamed for a slow disk."""
READY = b"ready\n"
"""What a child says first."""
_CHILD = ("-m", "comments_service.renderer_child")
_FAULTY = 2  # formulas that may end a child before the text is rendered without any
_AHEAD = 8  # texts sent before the first is answered: the child never waits for the parent
_LINE_BYTES = 8 * 2**20
_FAULTS = (OSError, EOFError, ValueError, LookupError, TypeError)
"""What a child that is late, dead or of another version comes down to; a TimeoutError is an OSError."""


@dataclass
class Task:
    """What a child is told: a text, and the numbers of its formulas that are not to be drawn, or None for all."""

    source: str
    undrawn: list[int] | None = field(default_factory=list)


@dataclass
class _Job:
    task: Task
    done: asyncio.Future[Rendered]
    drawing: int | None = None  # the formula that a child was last at
    crashes: int = 0


class Renderer:
    """Renders texts in one child process, started at the first text."""

    def __init__(self) -> None:
        self._waiting: deque[_Job] = deque()
        self._sent: deque[_Job] = deque()
        self._child: asyncio.subprocess.Process | None = None
        self._worker: asyncio.Task[None] | None = None

    async def render(self, source: str) -> Rendered:
        """Return what core.text.render makes of a source, or the source as typed where that fails."""
        job = _Job(Task(source), asyncio.get_running_loop().create_future())
        self._waiting.append(job)
        if self._worker is None or self._worker.done():
            self._worker = asyncio.ensure_future(self._work())
        return await job.done

    async def close(self) -> None:
        """End the child."""
        if self._worker is not None:
            self._worker.cancel()
            await asyncio.wait({self._worker})
        await self._end()

    async def _work(self) -> None:
        """Answer what waits, in turn, until nothing does."""
        while self._waiting or self._sent:
            try:
                child = await self._running()
                while self._waiting and len(self._sent) < _AHEAD:
                    self._sent.append(self._waiting.popleft())
                    _send(child, self._sent[-1].task)
                _settle(self._sent[0], await _receive(child, self._sent[0]))
                self._sent.popleft()
            except _FAULTS as error:
                await self._end()
                self._blame(error)

    def _blame(self, error: Exception) -> None:
        """Find what is at fault: a formula, or a text that took too long or crashed two children.

        A first crash may be another's doing (an idle child that was ended): it is tried once more.
        """
        self._waiting.extendleft(reversed(self._sent))
        self._sent.clear()
        job = self._waiting[0]
        _log.warning("a renderer was replaced: %s", type(error).__name__)
        if job.drawing is not None and job.task.undrawn is not None:
            faulty = [*job.task.undrawn, job.drawing]
            job.task.undrawn, job.drawing = faulty if len(faulty) < _FAULTY else None, None
            return
        job.crashes += 1
        if isinstance(error, TimeoutError) or job.crashes > 1:
            from comments_service.core import text

            _settle(self._waiting.popleft(), text.as_typed(job.task.source))

    async def _running(self) -> asyncio.subprocess.Process:
        if self._child is None:
            package = str(Path(__file__).parents[1])
            paths = [package, *os.environ.get("PYTHONPATH", "").split(os.pathsep)]
            self._child = await asyncio.create_subprocess_exec(
                sys.executable,
                "-P",  # never a module of the folder that the operator happens to be in
                *_CHILD,
                stdin=asyncio.subprocess.PIPE,
                stdout=asyncio.subprocess.PIPE,
                env=os.environ | {"PYTHONPATH": os.pathsep.join(filter(None, paths))},
                limit=_LINE_BYTES,
                start_new_session=True,  # Ctrl-C at a terminal is for the parent
            )
            if await _line(self._child, START_SECONDS) != READY:
                raise EOFError
        return self._child

    async def _end(self) -> None:
        child, self._child = self._child, None
        if child is not None:
            with contextlib.suppress(ProcessLookupError):
                child.kill()
            await child.wait()


def _send(child: asyncio.subprocess.Process, task: Task) -> None:
    assert child.stdin is not None
    child.stdin.write(orjson.dumps(asdict(task)) + b"\n")


async def _line(child: asyncio.subprocess.Process, seconds: float) -> bytes:
    assert child.stdout is not None
    line = await asyncio.wait_for(child.stdout.readline(), seconds)
    if not line.endswith(b"\n"):
        raise EOFError
    return line


async def _receive(child: asyncio.subprocess.Process, job: _Job) -> Rendered:
    job.drawing = None
    while (line := await _line(child, DEADLINE_SECONDS)).rstrip().isdigit():
        job.drawing = int(line)
    found = orjson.loads(line)
    warnings = tuple(Notice(**notice) for notice in found["warnings"])
    return Rendered(found["html"], found["excerpt"], warnings, found["renderer"])


def _settle(job: _Job, rendered: Rendered) -> None:
    if not job.done.done():  # its asker may be gone
        job.done.set_result(rendered)
