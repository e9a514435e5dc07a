"""What may stand on a page, and in the stored html of a comment; written out again for the tests.

The browser judges by the same lists (tests/browser/oracle.js). Patterns match a whole value, and
are such that Python and JavaScript read them alike.
"""

from __future__ import annotations

import re
from html.parser import HTMLParser
from urllib.parse import urlsplit

Attributes = dict[str, dict[str, str]]

ANY = r"[\s\S]*"
LINK = "[Hh][Tt][Tt][Pp][Ss]?://[^<>]+|[Mm][Aa][Ii][Ll][Tt][Oo]:[^<>]+"
EQUATION = "m[0-9]{12}-[0-9]{1,4}"
TEXT = set(
    "a blockquote br code div em hr li ol p pre s span strong table tbody td th thead tr ul".split()
)
MATHML = set(
    "math mrow mi mn mo mtext mspace msqrt mroot mfrac mstyle mpadded mphantom msub msup msubsup munder"
    " mover munderover mmultiscripts mprescripts mtable mtr mtd".split()
)
INSIDE_MTEXT = set("b i u s em code span a".split())
VOID = {"br", "hr"}

TEXT_ATTRIBUTES: Attributes = {
    "a": {"href": f"{LINK}|#{EQUATION}", "rel": "nofollow ugc noopener", "class": "comments-ref"},
    "code": {"class": r"comments-tex|language-[A-Za-z0-9_+#.-]{1,32}"},
    "div": {"class": "comments-math", "data-source": ANY},
    "ol": {"start": "[0-9]{1,9}"},
    "span": {"class": "comments-[a-z-]{1,20}", "data-source": ANY, "data-equation": ANY},
}
_LENGTH = r"[+-]?(?:[0-9]{1,2}(?:\.[0-9]{1,9})?|\.[0-9]{1,9})(?:em|ex|px|pt|%)?|100%"
_COLOUR, _WORDS = "#[0-9A-Fa-f]{3,8}|[a-z]{1,20}", "[a-z]{1,10}(?: [a-z]{1,10}){0,99}"
_SHAPE: dict[str, str] = {
    **dict.fromkeys("lspace rspace width height depth voffset".split(), _LENGTH),
    **dict.fromkeys("minsize maxsize linethickness".split(), _LENGTH),
    "mathsize": "[1-9][0-9]%|[12][0-9]{2}%",
    **dict.fromkeys("mathcolor mathbackground".split(), _COLOUR),
    **dict.fromkeys("columnalign rowalign columnlines rowlines frame".split(), _WORDS),
    **dict.fromkeys("stretchy symmetric movablelimits accent accentunder".split(), "true|false"),
    **dict.fromkeys("fence separator largeop displaystyle".split(), "true|false"),
    **dict.fromkeys("columnspan rowspan".split(), "[1-9][0-9]?"),
    "class": "comments-m-[a-z0-9-]{1,20}(?: comments-m-[a-z0-9-]{1,20}){0,9}",
    "form": "prefix|infix|postfix",
    "mathvariant": "normal",
    "scriptlevel": "[+-]?[0-3]",
}
MATHML_ATTRIBUTES: Attributes = dict.fromkeys(MATHML, _SHAPE)
MATHML_ATTRIBUTES["math"] = {**_SHAPE, "display": "block|inline"}
MATHML_ATTRIBUTES |= {tag: {**_SHAPE, "id": EQUATION} for tag in ("mrow", "mtd")}

PAGE = TEXT | set(
    "html head meta title link script body header footer main section article aside nav h1 h2 h3 dl dt dd"
    " bdi time caption form label input textarea button select option fieldset legend details summary"
    " small cite noscript i b u comment-thread search dialog kbd mark del ins".split()
)
AVATAR: Attributes = {
    "svg": {
        "class": "comments-avatar",
        "viewBox": "-1\\.5 -1 7 7",
        "color": "hsl\\([0-9]{1,3} 50% 50%\\)",
        "aria-hidden": "true",
    },
    "path": {"d": "(?:M[0-4] [0-4]v[1-5])*"},
}
OWN_SCRIPTS = ("static/embed.js", "static/dashboard/main.js")


def for_browser() -> dict[str, object]:
    """Return the lists as JSON has them."""
    return {
        "text": sorted(TEXT),
        "mathml": sorted(MATHML),
        "insideMtext": sorted(INSIDE_MTEXT),
        "page": sorted(PAGE),
        "textAttributes": TEXT_ATTRIBUTES,
        "mathmlAttributes": MATHML_ATTRIBUTES,
        "equation": EQUATION,
        "avatar": AVATAR,
    }


class _Reader(HTMLParser):
    """Reads HTML as a browser would and keeps what could do harm."""

    def __init__(self, html: str) -> None:
        super().__init__(convert_charrefs=True)
        self.faults: list[str] = []
        self.open: list[str] = []
        self.feed(html)
        self.close()

    def handle_comment(self, data: str) -> None:
        self.faults.append(f"<!--{data}-->")

    def handle_pi(self, data: str) -> None:
        self.faults.append(f"<?{data}>")

    def unknown_decl(self, data: str) -> None:
        self.faults.append(f"<![{data}]>")


class _Page(_Reader):
    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        if tag not in PAGE | MATHML | AVATAR.keys():
            self.faults.append(f"<{tag}>")
        drawn = {name.lower(): value for name, value in AVATAR.get(tag, {}).items()}
        if drawn and not all(re.fullmatch(drawn.get(n, "-"), v or "") for n, v in attrs):
            self.faults.append(f"{tag} {attrs}")
        named = dict(attrs)
        if tag == "script" and not (named.get("src") or "").endswith(OWN_SCRIPTS):
            self.faults.append(f"script {named}")
        for name, value in attrs:
            if name.startswith("on") or name in ("style", "srcdoc", "formaction", "background"):
                self.faults.append(f"{tag} {name}={value}")
            if name in ("href", "src", "action") and not _leads_somewhere_safe(value or ""):
                self.faults.append(f"{tag} {name}={value}")
        if tag == "meta" and "http-equiv" in named:
            self.faults.append(f"meta {named}")

    handle_startendtag = handle_starttag


def _leads_somewhere_safe(address: str) -> bool:
    try:
        scheme = urlsplit(address.strip()).scheme
    except ValueError:
        return True  # no browser goes there either
    return scheme in ("", "http", "https", "mailto") and not address.strip().startswith("//evil")


class _Stored(_Reader):
    handle_decl = _Reader.unknown_decl

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self._judge(tag, attrs)
        if tag not in VOID:
            self.open.append(tag)

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        if tag not in MATHML | VOID:
            self.faults.append(f"<{tag}/>")
        self._judge(tag, attrs)

    def handle_endtag(self, tag: str) -> None:
        if not self.open or self.open.pop() != tag:
            self.faults.append(f"</{tag}>")

    def _judge(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        in_math, in_text = "math" in self.open, "mtext" in self.open
        mathml = tag == "math" or (in_math and tag in MATHML)
        listed = MATHML if mathml else INSIDE_MTEXT if in_math else TEXT
        nested = tag == "math" if not in_text else mathml
        if tag not in listed or (in_math and (nested or not (mathml or in_text))):
            self.faults.append(f"<{tag}>")
        allowed = (MATHML_ATTRIBUTES if mathml else TEXT_ATTRIBUTES).get(tag, {})
        for name, value in attrs:
            if name not in allowed or not re.fullmatch(allowed[name], value or ""):
                self.faults.append(f"{tag} {name}={value}")


def page_faults(html: str) -> list[str]:
    """Name what a page of ours holds and must not hold."""
    return _Page(html).faults


def stored_faults(html: str) -> list[str]:
    """Name what the html of a comment holds and must not hold, elements left open among them."""
    read = _Stored(html)
    return read.faults + [f"<{tag}> is open" for tag in read.open]


FEED = TEXT - {"div", "span"}
FEED_ATTRIBUTES: Attributes = {
    "a": {"href": LINK, "rel": "nofollow ugc noopener"},
    "ol": {"start": "[0-9]{1,9}"},
}


class _Feed(_Stored):
    def _judge(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        if tag not in FEED:
            self.faults.append(f"<{tag}>")
        allowed = FEED_ATTRIBUTES.get(tag, {})
        for name, value in attrs:
            if name not in allowed or not re.fullmatch(allowed[name], value or ""):
                self.faults.append(f"{tag} {name}={value}")


def feed_faults(html: str) -> list[str]:
    """Name what a string of a feed holds that must not be inserted into a page."""
    read = _Feed(html)
    return read.faults + [f"<{tag}> is open" for tag in read.open]
