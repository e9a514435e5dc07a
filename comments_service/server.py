"""The HTTP server: uvicorn with limits it lacks, for heads that never get together and readers who don't read."""

from __future__ import annotations

import asyncio
import contextlib
import logging
import resource
import signal
import socket
import sys
from collections.abc import Callable, Iterator
from types import FrameType
from typing import Any

import uvicorn
from starlette.applications import Starlette
from starlette.types import ASGIApp, Receive, Scope, Send
from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

from comments_service.settings import Settings

HEAD_SECONDS = 10.0
"""How long a connection may take to send the head of a request."""
HEAD_BYTES = 64 * 1024
"""The largest head of a request."""
KEEP_ALIVE_SECONDS = 30
SEND_BYTES = 256 * 1024
"""What the system may hold for one reader; by itself it takes megabytes for one who does not read."""
WRITE_SECONDS = 60.0
"""How long a connection may leave more than 64 KiB of answers unread."""


class Protocol(HttpToolsProtocol):
    """Closes connections whose request heads are too slow or too large."""

    def connection_made(self, transport: Any) -> None:
        """Start the clock: a connection that says nothing is closed too."""
        super().connection_made(transport)
        self._head_open, self._head_bytes = True, 0
        self._head_timer: asyncio.TimerHandle | None = None
        self._write_timer: asyncio.TimerHandle | None = None
        self._start_clock()

    def data_received(self, data: bytes) -> None:
        """Count what arrives while a head is open; a whole one in one piece starts no clock."""
        if self._head_open:
            self._head_bytes += len(data)
            if self._head_bytes > HEAD_BYTES + 256 * 1024:  # a body may come in the same piece
                self.transport.close()
                return
        super().data_received(data)
        if self._head_open and self._head_bytes > HEAD_BYTES:
            self.transport.close()
        elif self._head_open and self._head_timer is None:
            self._start_clock()

    def connection_lost(self, exc: Exception | None) -> None:
        """Stop the clocks."""
        self._stop_clock()
        self._stop_writing_clock()
        super().connection_lost(exc)

    def pause_writing(self) -> None:
        """Start a clock: who reads nothing at all is cut off, with what was to be sent."""
        super().pause_writing()
        self._write_timer = self.loop.call_later(WRITE_SECONDS, self.transport.abort)

    def resume_writing(self) -> None:
        """Stop that clock: it was read."""
        self._stop_writing_clock()
        super().resume_writing()

    def on_message_begin(self) -> None:
        """Note that a head has begun."""
        self._head_open = True
        super().on_message_begin()

    def on_headers_complete(self) -> None:
        """Note that a head is whole."""
        self._head_open, self._head_bytes = False, 0
        self._stop_clock()
        super().on_headers_complete()

    def _start_clock(self) -> None:
        self._head_timer = self.loop.call_later(HEAD_SECONDS, self.transport.close)

    def _stop_clock(self) -> None:
        if self._head_timer is not None:
            self._head_timer.cancel()
            self._head_timer = None

    def _stop_writing_clock(self) -> None:
        if self._write_timer is not None:
            self._write_timer.cancel()
            self._write_timer = None


class Server(uvicorn.Server):
    """Ends in order at SIGINT and SIGTERM, so that what is open around it can be closed.

    `ending` is called at the signal: whoever is made to wait for news is answered then.
    """

    def __init__(self, config: uvicorn.Config, ending: Callable[[], None]) -> None:
        super().__init__(config)
        self._ending = ending

    def handle_exit(self, sig: int, frame: FrameType | None) -> None:
        """Begin to end."""
        self._ending()
        super().handle_exit(sig, frame)

    @contextlib.contextmanager
    def capture_signals(self) -> Iterator[None]:
        """Note signals; uvicorn's own way raises them again, and they would cut the closing short."""
        loop = asyncio.get_running_loop()
        for number in (signal.SIGINT, signal.SIGTERM):
            loop.add_signal_handler(number, self.handle_exit, number, None)
        try:
            yield
        finally:
            for number in (signal.SIGINT, signal.SIGTERM):
                loop.remove_signal_handler(number)


def listen(settings: Settings) -> socket.socket:
    """Return the socket to serve on. Raises OSError where the port is taken."""
    family = socket.AF_INET6 if ":" in settings.host else socket.AF_INET
    listener = socket.socket(family)
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, SEND_BYTES)  # of all it accepts
    try:
        listener.bind((settings.host, settings.port))
    except OSError as error:
        listener.close()
        reason = f"{settings.host} port {settings.port} can't be listened on: {error.strerror}."
        raise OSError(reason) from None
    return listener


def allow_connections() -> None:
    """Let this process have as many open files as it may: many systems begin with 1,024."""
    _, most = resource.getrlimit(resource.RLIMIT_NOFILE)
    with contextlib.suppress(ValueError, OSError):  # macOS says "infinity" and means less
        resource.setrlimit(resource.RLIMIT_NOFILE, (most, most))


def log_to_stderr(settings: Settings) -> None:
    """Log what we say from the level of the settings; of libraries no details, which hold what was sent."""
    level = logging.getLevelNamesMapping()[settings.log_level.upper()]
    logging.basicConfig(
        stream=sys.stderr,
        level=max(level, logging.WARNING),
        format="%(levelname)s %(name)s: %(message)s",
    )
    logging.getLogger("comments_service").setLevel(level)


def _quiet(app: ASGIApp) -> ASGIApp:
    """Keep from uvicorn the faults that the application has answered and logged without what was sent."""

    async def serve(scope: Scope, receive: Receive, send: Send) -> None:
        try:
            await app(scope, receive, send)
        except Exception:
            if scope["type"] != "http":
                raise

    return serve


def make(app: Starlette, settings: Settings, ending: Callable[[], None]) -> Server:
    """Return a server for an application; proxies are believed by us, not by uvicorn."""
    config = uvicorn.Config(
        _quiet(app),
        http=Protocol,
        ws="none",
        lifespan="on",
        proxy_headers=False,
        server_header=False,
        access_log=False,
        log_level="warning" if settings.log_level == "info" else settings.log_level,
        timeout_keep_alive=KEEP_ALIVE_SECONDS,
        timeout_graceful_shutdown=10,
    )
    return Server(config, ending)
