"""The server on a socket: slow, large and broken requests, and answers that do not dawdle."""

from __future__ import annotations

import socket
import time
from collections.abc import Iterator
from pathlib import Path

import httpx2
import pytest
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from comments_service import server as limits
from comments_service.settings import Settings
from comments_service.web import guard
from comments_service.web.problems import HANDLERS
from tests.servers import Server


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    with Server(tmp_path_factory.mktemp("server"), "--demo") as running:
        yield running


def talk(server: Server, data: bytes, seconds: float = 40) -> bytes:
    """Send bytes and return all that comes until the server closes."""
    with socket.create_connection(("127.0.0.1", server.port), timeout=seconds) as line:
        line.sendall(data)
        received = b""
        while piece := line.recv(65536):
            received += piece
    return received


POST = (
    b"POST /api/v1/sites/default/comments HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\n"
)


def test_a_request_that_never_gets_its_head_together_is_closed(server: Server) -> None:
    began = time.monotonic()
    assert talk(server, b"GET / HTTP/1.1\r\nHost: x\r\nX-") == b""
    assert time.monotonic() - began >= limits.HEAD_SECONDS * 0.9


def test_a_body_that_never_arrives_is_answered_and_closed(server: Server) -> None:
    answer = talk(server, POST + b"Content-Length: 100\r\nConnection: close\r\n\r\n{")
    assert answer.startswith(b"HTTP/1.1 408 ") and b"body_too_slow" in answer
    assert guard.BODY_SECONDS <= 30


def test_an_endless_head_is_closed(server: Server) -> None:
    with socket.create_connection(("127.0.0.1", server.port), timeout=20) as line:
        line.sendall(b"GET / HTTP/1.1\r\n")
        with pytest.raises(OSError):  # noqa: PT011 - reset or broken pipe, as the system has it
            line.sendall((b"X-Long: " + b"x" * 1_000 + b"\r\n") * 10_000)


def test_a_body_too_large_is_refused_before_it_is_read(server: Server) -> None:
    answer = talk(server, POST + b"Content-Length: 99999999\r\nConnection: close\r\n\r\n")
    assert answer.startswith(b"HTTP/1.1 413 ") and b"body_too_large" in answer


@pytest.mark.parametrize(
    "data",
    [
        b"\0\0\0\0\r\n\r\n",
        b"GET \xff\xfe HTTP/1.1\r\nHost: x\r\n\r\n",
        b"BREW / HTTP/1.1\r\n\r\n",
        b"GET / HTTP/9.9\r\n\r\n",
    ],
)
def test_what_is_no_request_is_refused(server: Server, data: bytes) -> None:
    answer = talk(server, data)
    assert not answer.startswith(b"HTTP/1.1 5")


def test_a_forwarded_address_is_not_believed_from_just_anybody(tmp_path: Path) -> None:
    """Each forged address would be another network, free of the limit that the real one has."""
    body = b'{"thread": "/x", "name": "m", "body": "%d"}'
    codes = {}
    for proxies in ("", "127.0.0.0/8"):
        folder = tmp_path / (proxies[:3] or "none")
        folder.mkdir()
        with Server(folder, RATE_LIMITS="on", TRUSTED_PROXIES=proxies) as server:
            codes[proxies] = []
            for number in range(40):
                text = body % number
                head = POST + b"X-Forwarded-For: 192.0.2.%d\r\n" % number
                head += b"Connection: close\r\nContent-Length: %d\r\n\r\n" % len(text)
                codes[proxies].append(talk(server, head + text)[9:12])
    assert codes[""].count(b"429") == 10
    assert codes["127.0.0.0/8"].count(b"429") == 0


def test_the_log_holds_no_body_address_or_secret(tmp_path: Path) -> None:
    text = b'{"thread": "/x", "name": "xyzzy", "email": "xyzzy@mail.example", "body": "xyzzy"}'
    with Server(tmp_path, LOG_LEVEL="debug") as server:
        for _ in range(2):
            talk(
                server,
                POST
                + b"Authorization: Receipt xyzzy\r\nConnection: close\r\nContent-Length: %d\r\n\r\n"
                % len(text)
                + text,
            )
        talk(server, b"GET /xyzzy\xff HTTP/1.1\r\n\r\n")
        search = b"GET /api/v1/sites/default/search?q=xyzzy HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n"
        assert talk(server, search).startswith(b"HTTP/1.1 200")
    assert "xyzzy" not in server.log.read_text()


async def test_a_fault_is_logged_without_what_was_sent(caplog: pytest.LogCaptureFixture) -> None:
    """Uvicorn would log the whole of it, and many messages of libraries quote what they could not take."""

    async def fault(request: Request) -> Response:
        raise ValueError(await request.body())

    app = Starlette(routes=[Route("/", fault, methods=["POST"])], exception_handlers=HANDLERS)
    served = limits.make(app, Settings(), lambda: None).config.app
    transport = httpx2.ASGITransport(served)
    async with httpx2.AsyncClient(transport=transport, base_url="http://x") as client:
        answer = await client.post("/", content=b"xyzzy")
    assert answer.status_code == 500
    assert "test_server.py" in caplog.text and "ValueError" in caplog.text
    assert "xyzzy" not in caplog.text


async def test_a_fault_at_the_start_is_not_kept_from_the_server() -> None:
    async def broken(*_: object) -> None:
        raise OSError("the port is taken")

    served = limits.make(broken, Settings(), lambda: None).config.app  # type: ignore[arg-type]
    with pytest.raises(OSError, match="taken"):
        await served({"type": "lifespan"}, None, None)


def test_who_waits_for_changes_is_answered_when_the_server_ends(tmp_path: Path) -> None:
    path = b"/api/v1/sites/default/changes?wait=30"
    with (
        Server(tmp_path) as ending,
        socket.create_connection(("127.0.0.1", ending.port), timeout=40) as line,
    ):
        line.sendall(b"GET " + path + b" HTTP/1.1\r\nHost: x\r\n\r\n")
        talk(ending, b"GET /livez HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n")
        ending.stop()
        assert b'{"changes":[],"next":0}' in line.recv(65536)
