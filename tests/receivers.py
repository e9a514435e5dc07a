"""Real receivers on loopback: of webhooks by HTTP, of mail by SMTP."""

from __future__ import annotations

import asyncio
import contextlib
import datetime as dt
import email
import email.policy
import re
import ssl
from collections.abc import Callable
from dataclasses import dataclass
from email.message import EmailMessage
from pathlib import Path
from types import TracebackType
from typing import Any, Self

from aiosmtpd.smtp import SMTP, AuthResult
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

Answer = tuple[int, dict[str, str], bytes]


@dataclass(frozen=True)
class Received:
    """One request as it arrived."""

    method: str
    path: str
    headers: dict[str, str]
    body: bytes


class Receiver:
    """An HTTP server that keeps what it is sent and answers as it is told, with 200 in the end."""

    def __init__(self, *, context: ssl.SSLContext | None = None) -> None:
        self.received: list[Received] = []
        self.connections = 0
        self._arrived = asyncio.Condition()
        self.answers: list[Answer] = []
        self.hold: Callable[[], asyncio.Event] | None = None
        self._context = context
        self._tasks: set[asyncio.Task[None]] = set()

    async def __aenter__(self) -> Self:
        self._server = await asyncio.start_server(self._serve, "127.0.0.1", 0, ssl=self._context)
        self.port: int = self._server.sockets[0].getsockname()[1]
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._server.close()
        for task in self._tasks:
            task.cancel()

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}/hook"

    async def got(self, number: int = 1) -> None:
        """Wait until so many requests have arrived."""
        async with asyncio.timeout(30), self._arrived:
            await self._arrived.wait_for(lambda: len(self.received) >= number)

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.connections += 1
        task = asyncio.current_task()
        assert task is not None
        self._tasks.add(task)
        with contextlib.suppress(OSError, asyncio.IncompleteReadError, asyncio.CancelledError):
            await self._one(reader, writer)
        writer.close()
        self._tasks.discard(task)

    async def _one(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        head = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1").split("\r\n")
        method, path, _ = head[0].split(" ")
        pairs = (line.split(": ", 1) for line in head[1:] if line)
        headers = {name.lower(): value for name, value in pairs}
        body = await reader.readexactly(int(headers.get("content-length", 0)))
        self.received.append(Received(method, path, headers, body))
        async with self._arrived:
            self._arrived.notify_all()
        if self.hold:
            await self.hold().wait()
        status, more, said = self.answers.pop(0) if self.answers else (200, {}, b"ok")
        lines = [f"HTTP/1.1 {status} X", f"Content-Length: {len(said)}"]
        lines += [f"{name}: {value}" for name, value in more.items()]
        writer.write("\r\n".join([*lines, "", ""]).encode() + said)
        await writer.drain()


def certificate(folder: Path, name: str) -> tuple[Path, Path]:
    """Make a key and a certificate that vouches for itself."""
    key = ec.generate_private_key(ec.SECP256R1())
    who = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])
    now = dt.datetime.now(dt.UTC)
    made = (
        x509.CertificateBuilder()
        .subject_name(who)
        .issuer_name(who)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - dt.timedelta(days=1))
        .not_valid_after(now + dt.timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName([x509.DNSName(name)]), critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .sign(key, hashes.SHA256())
    )
    paths = folder / "key.pem", folder / "cert.pem"
    paths[0].write_bytes(
        key.private_bytes(
            serialization.Encoding.PEM,
            serialization.PrivateFormat.PKCS8,
            serialization.NoEncryption(),
        )
    )
    paths[1].write_bytes(made.public_bytes(serialization.Encoding.PEM))
    return paths


class Mailbox:
    """A mail server that keeps what it is handed, or refuses it as it is told."""

    def __init__(
        self, *, context: ssl.SSLContext | None = None, user: str = "", password: str = ""
    ) -> None:
        self.messages: list[EmailMessage] = []
        self.raw: list[bytes] = []
        self.envelopes: list[tuple[str, list[str]]] = []
        self.refusals: dict[str, str] = {}  # by recipient
        self.answer = "250 OK"
        self.was_encrypted: list[bool] = []
        self._context, self._login = context, (user, password)

    async def __aenter__(self) -> Self:
        loop = asyncio.get_running_loop()
        self._server = await loop.create_server(self._protocol, "127.0.0.1", 0)
        self.port: int = self._server.sockets[0].getsockname()[1]
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        await self.close()

    async def close(self) -> None:
        """Take nothing more."""
        self._server.close()

    def _protocol(self) -> SMTP:
        return SMTP(
            self,
            enable_SMTPUTF8=True,
            tls_context=self._context,
            require_starttls=self._context is not None,
            authenticator=self._known,
            auth_required=bool(self._login[0]),
            auth_require_tls=False,
        )

    def _known(self, server: Any, session: Any, envelope: Any, kind: str, data: Any) -> AuthResult:
        given = data.login.decode(), data.password.decode()
        return AuthResult(success=given == self._login, handled=given == self._login)

    @property
    def url(self) -> str:
        return f"smtp://127.0.0.1:{self.port}"

    async def handle_RCPT(  # noqa: N802
        self, server: Any, session: Any, envelope: Any, address: str, options: list[str]
    ) -> str:
        if address in self.refusals:
            return self.refusals[address]
        envelope.rcpt_tos.append(address)
        return "250 OK"

    async def handle_DATA(self, server: Any, session: Any, envelope: Any) -> str:  # noqa: N802
        if self.answer.startswith("250"):
            self.was_encrypted.append(session.ssl is not None)
            self.envelopes.append((envelope.mail_from, envelope.rcpt_tos))
            self.raw.append(envelope.content)
            message = email.message_from_bytes(envelope.content, policy=email.policy.default)
            assert isinstance(message, EmailMessage)
            self.messages.append(message)
        return self.answer

    def to(self, address: str) -> list[EmailMessage]:
        """Return what somebody got."""
        return [
            message
            for message, (_, recipients) in zip(self.messages, self.envelopes, strict=True)
            if address in recipients
        ]


def text_of(message: EmailMessage) -> str:
    """Return the text of a mail."""
    assert message.get_content_type() == "text/plain"
    return str(message.get_content())


def links_in(message: EmailMessage, purpose: str) -> list[str]:
    """Return the addresses of a mail that lead to a page for a purpose, without the host."""
    return re.findall(rf"https?://[^/\s]+(/mail/{purpose}/\S+)", text_of(message))
