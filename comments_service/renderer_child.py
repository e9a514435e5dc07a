"""The child that renders: `python -m comments_service.renderer_child`, started by `renderer.py`.

It ends when its parent does, because its input ends.
"""

from __future__ import annotations

import signal
import sys
import time

import orjson

from comments_service.core import text
from comments_service.core.drawing import Undrawable, mathml
from comments_service.renderer import READY, Task

DRAWING_SECONDS = 0.25
"""How much processor time the formulas of one text may take; ten thousand characters take a tenth of it."""


class _Drawing:
    """Draws the formulas of one text, each after its number was told, within their time together."""

    def __init__(self, undrawn: list[int] | None) -> None:
        self._undrawn = undrawn
        self._number = -1
        self._seconds = DRAWING_SECONDS

    def __call__(self, tex: str, display: bool) -> str:
        self._number += 1
        if self._undrawn is None or self._number in self._undrawn:
            raise Undrawable("formula_late")
        _tell(b"%d" % self._number)
        begun = time.process_time()
        # At its end this timer ends the process, wherever it is.
        signal.setitimer(signal.ITIMER_PROF, max(self._seconds, 0.001))
        try:
            return mathml(tex, display)
        finally:
            signal.setitimer(signal.ITIMER_PROF, 0)
            self._seconds -= time.process_time() - begun


def _tell(line: bytes) -> None:
    sys.stdout.buffer.write(line + b"\n")
    sys.stdout.buffer.flush()


def main() -> None:
    """Say that it is ready, then render each line of standard input until it ends."""
    _tell(READY.strip())
    for line in sys.stdin.buffer:
        task = Task(**orjson.loads(line))
        _tell(orjson.dumps(text.render(task.source, _Drawing(task.undrawn))))


if __name__ == "__main__":
    main()
