"""How alike two texts are: a number of 64 bits, of which texts that are almost the same share nearly all."""

from __future__ import annotations

import re
from hashlib import blake2b

from comments_service.core.folding import folded

_WORD = re.compile(r"[\u3040-\u30ff\u3400-\u9fff\uac00-\ud7af]|[^\W_]+")
_SHORTEST = 12
"""With fewer words and Chinese characters than this, texts are alike by chance: thanks for a thanks."""
_LANE = 16  # bits for each of 64 counters: more than a comment has words


def _spread(byte: int) -> int:
    """Return the bits of a byte, each in a lane of its own."""
    return sum(1 << (_LANE * bit) for bit in range(8) if byte >> bit & 1)


_LANES = tuple(_spread(byte) for byte in range(256))


def simhash(text: str) -> int:
    """Return the likeness of a text as a signed number of 64 bits, 0 for one too short to have one.

    Each run of three words counts, so that order matters; case, width and punctuation don't.
    """
    words = _WORD.findall(folded(text).text)
    if len(words) < _SHORTEST:
        return 0
    runs = {" ".join(words[at : at + 3]) for at in range(len(words) - 2)}
    sums = [0] * 8  # counters, eight to a number: adding them all at once is what makes this fast
    for run in runs:
        for place, byte in enumerate(blake2b(run.encode(), digest_size=8).digest()):
            sums[place] += _LANES[byte]
    half, mask = len(runs) / 2, (1 << _LANE) - 1
    counts = (packed >> (_LANE * bit) & mask for packed in sums for bit in range(8))
    value = sum(1 << place for place, count in enumerate(counts) if count > half) or 1
    return value - (1 << 64) if value >> 63 else value


def distance(one: int, other: int) -> int:
    """Return in how many of 64 bits two numbers differ."""
    return ((one ^ other) & (1 << 64) - 1).bit_count()
