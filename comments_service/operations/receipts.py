"""Receipts: the signed secret by which a visitor proves that a comment is theirs."""

from __future__ import annotations

import hashlib

from itsdangerous import BadSignature, Signer

from comments_service.service import Service

MOST = 100
"""Receipts read from one request."""


def _signer(service: Service) -> Signer:
    return Signer(service.secret, salt="comments.receipt", digest_method=hashlib.sha256)


def receipt(service: Service, comment_id: int) -> str:
    """Return the receipt for a comment."""
    return _signer(service).sign(str(comment_id)).decode("ascii")


def proven(service: Service, text: str) -> frozenset[int]:
    """Return the comments that a list of receipts, parted by commas or spaces, proves to be the asker's."""
    signer = _signer(service)
    found = set()
    for item in text.replace(",", " ").split()[:MOST]:
        try:
            found.add(int(signer.unsign(item)))
        except (BadSignature, ValueError, UnicodeError):
            continue
    return frozenset(found)
