"""What rendering makes of a source."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Notice:
    """Something an author should know: a stable code, a sentence, and where in the source."""

    code: str
    message: str
    start: int
    end: int


@dataclass(frozen=True)
class Rendered:
    """A comment as it is shown: HTML, plain excerpt, notices, and the version that made them."""

    html: str
    excerpt: str
    warnings: tuple[Notice, ...]
    renderer: str
