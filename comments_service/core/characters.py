"""Which characters texts are stored with, and how wide they are."""

import re
import unicodedata

ELLIPSIS = "…"
_MARKS_PER_COLUMN = 8

# Letters of the scripts that are written without spaces between words.
CJK_LETTERS = (
    "\u1100-\u11ff\u2e80-\u2fdf\u3005-\u3007\u3021-\u303c\u3041-\u31ff\u3400-\u4dbf\u4e00-\u9fff"
    "\ua960-\ua97f\uac00-\ud7ff\uf900-\ufaff\uff66-\uffdc\U00020000-\U0003ffff"
)

_NONCHARACTERS = "\ufdd0-\ufdef\ufffe\uffff" + "".join(
    f"{chr(plane + 0xFFFE)}{chr(plane + 0xFFFF)}" for plane in range(0x10000, 0x110000, 0x10000)
)
_OVERRIDES = "\u202a-\u202e\u2066-\u2069"
# All that XML 1.0 forbids is in here too: controls, surrogates, U+FFFE and U+FFFF.
_UNSAFE = re.compile(rf"[\x00-\x08\x0b-\x1f\x7f-\x9f\ud800-\udfff{_OVERRIDES}{_NONCHARACTERS}]")
_DIRECTION_MARKS = re.compile("[\u061c\u200e\u200f]")  # the rest of Unicode's Bidi_Control


def forbidden(text: str) -> str | None:
    """Name what no text may hold, `nul` or `surrogate`, or return None.

    PostgreSQL refuses the one and UTF-8 the other.
    """
    if "\x00" in text:
        return "nul"
    return "surrogate" if re.search("[\ud800-\udfff]", text) else None


def safe_characters(text: str) -> str:
    """Remove control, bidirectional override, never assignable and XML-illegal characters.

    Line feeds, tabs and everything that is merely unusual stay.
    """
    return _UNSAFE.sub("", text)


def clean_line(text: str) -> str:
    """Return the text of a one-line field, such as a name, as it is stored.

    In NFC, white space collapsed, without control and bidirectional control characters.
    """
    safe = _DIRECTION_MARKS.sub("", safe_characters(re.sub(r"[\t-\r\x85]", " ", text)))
    return " ".join(unicodedata.normalize("NFC", safe).split())


def clean_body(text: str) -> str:
    """Return the source of a comment as it is stored: as typed, but for what no reader can see.

    Line ends become line feeds; unsafe characters and outer blank lines go. Not in NFC, since the
    author must find what they wrote.
    """
    lines = safe_characters(with_line_feeds(text)).split("\n")
    written = [index for index, line in enumerate(lines) if line.strip()]
    return "\n".join(lines[written[0] : written[-1] + 1]) if written else ""


def with_line_feeds(text: str) -> str:
    """Return a text in which each line end is one character."""
    return re.sub(r"\r\n?", "\n", text)


def places(text: str) -> list[int]:
    """Return where each character of `clean_body` stands in the text, whose line ends count once."""
    typed = with_line_feeds(text)
    kept = [at for at, character in enumerate(typed) if not _UNSAFE.match(character)]
    safe = safe_characters(typed)
    first = len(safe) - len(safe.lstrip())
    return kept[safe.rfind("\n", 0, first) + 1 :]


def columns(cluster: str) -> int:
    """Return the columns that a grapheme cluster takes on a terminal, as UAX 11 has it.

    A cluster of very many marks takes more, so that an excerpt's length is bounded too.
    """
    wide = any(unicodedata.east_asian_width(character) in "WF" for character in cluster)
    flag = len(cluster) > 1 and all(
        "\U0001f1e6" <= letter <= "\U0001f1ff" for letter in cluster[:2]
    )
    emoji = "\ufe0f" in cluster or flag
    return max(2 if wide or emoji else 1, len(cluster) // _MARKS_PER_COLUMN)
