"""Calls to addresses that somebody chose: only to public ones, whatever their names resolve to.

A name is looked up here, every address it has is checked, and the connection is made to the very address that was
checked: a second look-up, which could answer otherwise, never happens. Connections are not kept, redirects
are not followed, proxies of the environment are not used.
"""

from __future__ import annotations

import asyncio
import contextlib
import socket
import ssl
import time
from collections.abc import AsyncIterator, Iterable, Mapping
from dataclasses import dataclass
from functools import cache
from typing import Any

import httpcore2

from comments_service.core.networks import Address, Network, address_of, reachable

SECONDS = 10.0
"""How long a call may take, from looking the name up to the last byte."""
MOST_BYTES = 64 * 1024
"""How much of an answer is read."""
_AGENT = "comments-service"
_USUAL_PORTS = (80, 443)
_FIRST_FREE_PORT = 1024


class NotReached(Exception):
    """A call led to no answer; the sentence says why and holds nothing secret."""


class Refused(NotReached):
    """An address is none that may be called; trying again leads to the same."""


@dataclass(frozen=True)
class Answer:
    """What was answered: at most MOST_BYTES of the body."""

    status: int
    headers: Mapping[str, str]
    body: bytes
    milliseconds: int

    @property
    def text(self) -> str:
        """Return the body as text, whatever is in it."""
        return self.body.decode("utf-8", "replace")


class Outside:
    """The one way to call an address that somebody else chose."""

    def __init__(
        self, networks: tuple[Network, ...] = (), context: ssl.SSLContext | None = None
    ) -> None:
        self._backend, self._context = _Guarded(networks), context

    async def post(
        self, url: str, body: bytes, headers: Mapping[str, str], *, seconds: float = SECONDS
    ) -> Answer:
        """Send a body and return the answer, a redirect too. Raises NotReached, Refused."""
        began = time.monotonic()
        sent = {"User-Agent": _AGENT, "Accept-Encoding": "identity", **headers}
        try:
            async with asyncio.timeout(seconds), self._answer(url, body, sent) as found:
                shown = await _beginning(found)
                named = {k.decode("latin-1").lower(): v.decode("latin-1") for k, v in found.headers}
        except TimeoutError:
            raise NotReached(f"no answer within {seconds:g} seconds") from None
        except httpcore2.TimeoutException:
            raise NotReached("the connection took too long") from None
        except (httpcore2.NetworkError, httpcore2.ProtocolError, OSError) as error:
            raise NotReached(_said(error)) from None
        return Answer(found.status, named, shown, int((time.monotonic() - began) * 1000))

    @contextlib.asynccontextmanager
    async def _answer(
        self, url: str, body: bytes, headers: Mapping[str, str]
    ) -> AsyncIterator[httpcore2.Response]:
        try:
            target = httpcore2.URL(url)
            port = target.port
        except (ValueError, TypeError, UnicodeError):
            raise Refused("this is no web address") from None
        if target.scheme not in (b"http", b"https") or not target.host:
            raise Refused("only http and https addresses are called")
        if port is not None and port not in _USUAL_PORTS and port < _FIRST_FREE_PORT:
            raise Refused(f"port {port} is not called")
        context = self._context or _context()
        async with (
            httpcore2.AsyncConnectionPool(
                ssl_context=context, network_backend=self._backend, max_keepalive_connections=0
            ) as pool,
            pool.stream("POST", target, headers=list(headers.items()), content=body) as found,
        ):
            yield found


@cache
def _context() -> ssl.SSLContext:
    return ssl.create_default_context()


async def _beginning(found: httpcore2.Response) -> bytes:
    """Return the beginning of an answer's body; the rest is not waited for."""
    read = b""
    async for piece in found.aiter_stream():
        read += piece
        if len(read) >= MOST_BYTES:
            break
    return read[:MOST_BYTES]


def _said(error: Exception) -> str:
    cause = error.__cause__ or error.__context__ or error
    if isinstance(cause, ssl.SSLCertVerificationError):
        return f"the certificate is not valid: {cause.verify_message}"
    if isinstance(cause, OSError) and cause.strerror:
        return cause.strerror
    return str(error) or type(error).__name__


class _Guarded(httpcore2.AsyncNetworkBackend):
    """Opens connections to checked addresses only."""

    def __init__(self, networks: tuple[Network, ...]) -> None:
        self._networks = networks
        self._real = httpcore2.AnyIOBackend()

    async def connect_tcp(
        self,
        host: str,
        port: int,
        timeout: float | None = None,  # noqa: ASYNC109  # the seam's own signature
        local_address: str | None = None,
        socket_options: Iterable[Any] | None = None,
    ) -> httpcore2.AsyncNetworkStream:
        """Look a name up and connect to one of its addresses. Raises Refused where any is forbidden."""
        failure: Exception = NotReached("the name has no address")
        for address in await self._checked(host, port):
            try:
                return await self._real.connect_tcp(str(address), port, timeout)
            except (httpcore2.NetworkError, httpcore2.TimeoutException) as error:
                failure = error
        raise failure

    async def _checked(self, host: str, port: int) -> list[Address]:
        found = await addresses_of(host, port)
        for address in found:
            if not reachable(address, self._networks):
                raise Refused(f"{host} leads to {address}, which is not a public address")
        return found

    async def connect_unix_socket(
        self,
        path: str,
        timeout: float | None = None,  # noqa: ASYNC109  # the seam's own signature
        socket_options: Iterable[Any] | None = None,
    ) -> httpcore2.AsyncNetworkStream:
        """Refuse: no address leads to a socket of this machine."""
        raise Refused("sockets of this machine are not called")

    async def sleep(self, seconds: float) -> None:
        """Wait."""
        await asyncio.sleep(seconds)


async def addresses_of(host: str, port: int) -> list[Address]:
    """Return every address that a name has. Raises NotReached."""
    loop = asyncio.get_running_loop()
    try:
        found = await loop.getaddrinfo(host.strip("[]"), port, type=socket.SOCK_STREAM)
    except (OSError, UnicodeError):
        raise NotReached("the name was not found") from None
    return list(dict.fromkeys(address_of(str(item[4][0])) for item in found))
