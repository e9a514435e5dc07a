"""The seals of the log: each row's hash goes over its words and the hash before it, keyed by the secret."""

from __future__ import annotations

import hashlib
import hmac
import json
from collections.abc import Sequence


def seal(secret: str, before: str, words: Sequence[object]) -> str:
    """Return the hash of a row that stands behind another (HMAC-SHA256 in hex).

    It is keyed, so that who can only write to the database can't make a changed log look whole.
    """
    said = json.dumps([before, *words], ensure_ascii=True)
    return hmac.new(f"log {secret}".encode(), said.encode(), hashlib.sha256).hexdigest()
