"""Mail: a letter becomes a message of plain text, and is handed to the one server that the settings name."""

from __future__ import annotations

import asyncio
import contextlib
import re
import ssl
import time
from datetime import UTC, datetime
from email import policy
from email.header import Header
from email.headerregistry import (
    Address,
    HeaderRegistry,
    UniqueUnstructuredHeader,
    UnstructuredHeader,
)
from email.message import EmailMessage
from email.policy import EmailPolicy
from email.utils import format_datetime, parseaddr
from urllib.parse import unquote, urlsplit

import aiosmtplib

from comments_service.core.letters import Letter, Say, body_of, subject_of
from comments_service.core.notices import Result
from comments_service.settings import Settings

SECONDS = 30.0
"""How long handing a message in may take; a worker's lease is longer."""
_GOODBYE = 2.0
_LOOPBACK = ("127.0.0.1", "::1", "localhost")
_PERMANENT = range(500, 600)


class Postman:
    """Hands messages in; `context` trusts other certificates than this machine does."""

    def __init__(self, settings: Settings, context: ssl.SSLContext | None = None) -> None:
        self._settings, self._context = settings, context
        self._host = urlsplit(settings.public_url).hostname or "localhost"

    async def send(self, letter: Letter, say: Say, now: int) -> Result:
        """Hand a letter in, and return what came of it."""
        began = time.monotonic()
        result = await self._handed_in(letter, say, now)
        took = int((time.monotonic() - began) * 1000)
        return Result(result.verdict, result.answer, result.status, took)

    async def _handed_in(self, letter: Letter, say: Say, now: int) -> Result:
        try:
            message = message_of(letter, say, self._settings.mail_from, self._host, now)
        except ValueError:
            return Result("never", "The address can't be written into a mail.")
        _, sender = parseaddr(self._settings.mail_from)
        try:
            await self._hand_in(message, sender)
        except aiosmtplib.SMTPRecipientsRefused as error:
            return _refused(error.recipients[0].code, error.recipients[0].message)
        except (aiosmtplib.SMTPAuthenticationError, aiosmtplib.SMTPSenderRefused) as error:
            return Result(
                "later", f"{error.code}: the server refuses us: see the settings", error.code
            )
        except aiosmtplib.SMTPResponseException as error:
            return _refused(error.code, error.message)
        except aiosmtplib.SMTPNotSupported:
            return Result("never", "The mail server does not take such an address.")
        except (aiosmtplib.SMTPException, OSError) as error:
            return Result("later", type(error).__name__)
        return Result("sent", status=250)

    async def _hand_in(self, message: EmailMessage, sender: str) -> None:
        """Hand a message in, all of it in time: the library's own limit is for each step alone.

        A slow server that takes the message after another worker has begun would get it twice.
        """
        with contextlib.closing(self._server()) as server:
            try:
                async with asyncio.timeout(SECONDS):
                    await server.connect()
                    await server.send_message(message, sender=sender)
            finally:
                # Whatever it says to that, the message was taken, or not.
                with contextlib.suppress(aiosmtplib.SMTPException, OSError):
                    await server.quit(timeout=_GOODBYE)

    def _server(self) -> aiosmtplib.SMTP:
        """Return the server: with TLS, but for ?tls=none; on this machine, where it offers that."""
        parts = urlsplit(self._settings.smtp_url)
        implicit, plain = parts.scheme == "smtps", parts.query == "tls=none"
        near = parts.hostname in _LOOPBACK
        return aiosmtplib.SMTP(
            hostname=parts.hostname,
            port=parts.port or (465 if implicit else 587),
            username=unquote(parts.username) if parts.username else None,
            password=self._settings.smtp_password or unquote(parts.password or "") or None,
            use_tls=implicit,
            start_tls=False if implicit or plain else None if near else True,
            tls_context=self._context,
            local_hostname=self._host,
            timeout=SECONDS,
        )


def _refused(code: int, answer: str) -> Result:
    """Return what a server's refusal means; what it says may name addresses, so only the codes are kept."""
    extended = re.match(r"\d\.\d{1,3}\.\d{1,3}\b", answer)
    said = f"{code} {extended[0]}" if extended else str(code)
    return Result("never" if code in _PERMANENT else "later", said, code)


class _Whole(UnstructuredHeader):
    """A header in one line: mail programs look for an address in it, and would find it encoded in pieces."""

    def fold(self, *, policy: EmailPolicy) -> str:
        """Return the line."""
        return f"{self.name}: {self}{policy.linesep}"  # type: ignore[attr-defined]


class _Said(UniqueUnstructuredHeader):
    """A header in any script: the library would lose the space where it splits two words that it encodes."""

    def fold(self, *, policy: EmailPolicy) -> str:
        """Return the lines; all of it is encoded where anything must be."""
        if self.isascii():  # type: ignore[attr-defined]
            folded: str = super().fold(policy=policy)  # type: ignore[misc]
            return folded
        name: str = self.name  # type: ignore[attr-defined]
        words = Header(str(self), "utf-8", header_name=name).encode(linesep=policy.linesep)
        return f"{name}: {words}{policy.linesep}"


_HEADERS = HeaderRegistry()
_HEADERS.map_to_type("subject", _Said)  # type: ignore[arg-type]  # a mixin, like all of its own
_HEADERS.map_to_type("list-unsubscribe", _Whole)  # type: ignore[arg-type]  # a mixin, like all of its own


def message_of(letter: Letter, say: Say, sender: str, host: str, now: int) -> EmailMessage:
    """Return a letter as a message. Raises ValueError for an address that no header can hold."""
    to = address_of(letter.to)
    rules = policy.SMTP if to.addr_spec.isascii() else policy.SMTPUTF8
    message = EmailMessage(rules.clone(header_factory=_HEADERS))
    name, spec = parseaddr(sender)
    message["From"] = Address(name, addr_spec=spec)
    message["To"] = to
    message["Subject"] = subject_of(letter, say)
    message["Date"] = format_datetime(datetime.fromtimestamp(now / 1e6, UTC))
    message["Message-ID"] = f"<notice.{letter.id}@{host}>"
    refs = [f"<{name}@{host}>" for name in letter.refs]
    if refs:
        message["In-Reply-To"] = refs[-1]
        message["References"] = " ".join(refs)
    if letter.about:
        message["List-Id"] = f"<{letter.about}.{host}>"
    message["List-Unsubscribe"] = f"<{letter.stop}>"
    message["List-Unsubscribe-Post"] = "List-Unsubscribe=One-Click"
    message["Auto-Submitted"] = "auto-generated"
    message["Precedence"] = "bulk"
    message.set_content(body_of(letter, say))
    message["Content-Language"] = letter.lang  # after the content, which takes such headers away
    return message


def address_of(email: str) -> Address:
    """Return an address for a header; its domain in ASCII. Raises ValueError where it is none."""
    local, at, domain = email.rpartition("@")
    plain = email.isprintable() and not re.search(r"[\s,;:<>()\[\]\"\\]|=\?", email)
    if not (local and at and domain and plain):
        raise ValueError("no address")
    try:
        return Address(addr_spec=f"{local}@{domain.encode('idna').decode('ascii')}")
    except Exception as error:
        raise ValueError("no address") from error
