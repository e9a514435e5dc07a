"""What mallory types: written down one by one, made by a grammar, and read from a folder.

`ATTACKS` are those of tests/data/attacks.jsonl. `generated` makes more of tests/data/attacks.grammar,
the same for the same seed. `COMMENTS_TEST_PAYLOADS=/folder` adds all that a folder's files hold: a
file `*.jsonl` has a JSON string, or an object with a `body` or `payload`, on each line; of any other
file each line is a payload. The folder's are tried like all the others, in tests/core and in the
browser:

    COMMENTS_TEST_PAYLOADS=/folder make test
"""

from __future__ import annotations

import base64
import html
import json
import os
import random
import re
from collections import Counter, defaultdict
from collections.abc import Callable, Iterator
from functools import cache
from pathlib import Path
from typing import NamedTuple

DATA = Path(__file__).parent / "data"
COUNT, SEED = 10_000, 20_261
_DEEPEST = 5  # levels at which a part is free to choose
_LONGEST = 3_000  # code points

# The service refuses settings that it does not know, and the servers of the tests inherit ours.
_FOLDER = os.environ.pop("COMMENTS_TEST_PAYLOADS", "")


class Attack(NamedTuple):
    """A text, of what kind it is, and the field that it was made for."""

    family: str
    body: str
    field: str = "body"


def _written() -> Iterator[Attack]:
    for line in _lines(DATA / "attacks.jsonl"):
        found = json.loads(line)
        yield Attack(found["category"], found["body"], found["field"])


def _lines(path: Path) -> list[str]:
    text = path.read_text("utf-8", errors="replace")
    return [line for line in text.split("\n") if line]


def from_folder(folder: Path) -> list[Attack]:
    """Return the payloads of all files below a folder."""
    found = []
    for path in sorted(path for path in folder.rglob("*") if path.is_file()):
        read = _body if path.suffix == ".jsonl" else str
        found += [Attack(path.name, read(line)) for line in _lines(path)]
    return found


def _body(line: str) -> str:
    value = json.loads(line)
    return str((value.get("body") or value.get("payload")) if isinstance(value, dict) else value)


# --- The grammar ---

_MARK = re.compile(r"«(?:U\+([0-9A-F]+)|(\w+)(?:\|(\w+))?)»")


class Grammar:
    """Parts and their productions; the less a production was used, the likelier it is chosen."""

    def __init__(self, path: Path, seed: int) -> None:
        self.parts: dict[str, list[str]] = defaultdict(list)
        self.used: Counter[tuple[str, str]] = Counter()
        self.random = random.Random(seed)
        part = ""
        for line in _lines(path):
            if line.startswith("  "):
                self.parts[part].append(line[2:])
            elif not line.startswith("#"):
                part = line
        self.productions = {(part, text) for part, texts in self.parts.items() for text in texts}

    def make(self, part: str, depth: int = 0) -> str:
        """Return a text that a part stands for."""
        choice = self.parts[part]
        if depth > _DEEPEST:
            choice = choice[:1]
        some = self.random.sample(choice, min(2, len(choice)))
        chosen = min(some, key=lambda text: self.used[part, text])
        self.used[part, chosen] += 1
        return _MARK.sub(lambda mark: self._fill(mark, depth), chosen)

    def _fill(self, mark: re.Match[str], depth: int) -> str:
        if mark[1]:
            return chr(int(mark[1], 16))
        text = self.make(mark[2], depth + 1)
        return CHANGES[mark[3]](text, self.random) if mark[3] else text


_NAMES = {"<": "lt", ">": "gt", '"': "quot", "'": "apos", "&": "amp", ":": "colon", "(": "lpar"}
_NAMES |= {")": "rpar", "\t": "Tab", "\n": "NewLine", "=": "equals", "/": "sol", "`": "grave"}
_NAMES |= {"[": "lbrack", "]": "rbrack", "\\": "bsol", "$": "dollar", "{": "lcub", "}": "rcub"}
_UNSEEN = "\u200b\u200c\u200d\u2060\ufeff\u00ad\u034f\u202e\u2066\u200e\u180e\ufe0f"


def _each(write: Callable[[str], str], letters: str = ".") -> Callable[[str, random.Random], str]:
    """Return a change that writes each of some letters in another way."""
    pattern = re.compile(letters, re.DOTALL)
    return lambda text, _: pattern.sub(lambda found: write(found[0]), text)


def _named(letter: str) -> str:
    return f"&{_NAMES[letter]};" if letter in _NAMES else letter


def _between(text: str, choice: random.Random, letters: str) -> str:
    """Put letters at some places of the first 24, where names and schemes stand."""
    head = "".join(c + (choice.choice(letters) if choice.random() < 0.3 else "") for c in text[:24])
    return head + text[24:]


def _full(letter: str) -> str:
    return chr(ord(letter) + 0xFEE0) if "!" <= letter <= "~" else letter


def _spliced(text: str, choice: random.Random) -> str:
    r"""Hide the first half in a macro: `\def\q{<im}\q g src=x>`."""
    at = choice.randrange(len(text))
    return rf"\def\q{{{text[:at]}}}\q {text[at:]}"


CHANGES: dict[str, Callable[[str, random.Random], str]] = {
    "attr": lambda text, _: html.escape(text),
    "backslash": _each(lambda letter: "\\" + letter, r"[!-/:-@\[-`{-~]"),
    "bare": _each(lambda letter: f"&#{ord(letter)}", r"[^0-9]"),
    "base64": lambda text, _: base64.b64encode(text.encode()).decode(),
    "caret": _each(lambda letter: f"^^{ord(letter):02x}", r"[<>\"'=()]"),
    "case": lambda text, choice: "".join(choice.choice((c.upper(), c.lower())) for c in text),
    "char": _each(lambda letter: f'\\char"{ord(letter):X} ', r"[<>\"'=()]"),
    "dec": _each(lambda letter: f"&#{ord(letter)};"),
    "full": _each(_full),
    "half": lambda text, choice: text[: choice.randrange(len(text)) + 1],
    "hex": _each(lambda letter: f"&#x{ord(letter):x};"),
    "indent": lambda text, _: "    " + text.replace("\n", "\n    "),
    "line": lambda text, _: text.replace("\n", " "),
    "list": lambda text, _: "- " + text.replace("\n", "\n  "),
    "named": _each(_named),
    "padded": _each(lambda letter: f"&#x00000{ord(letter):X};"),
    "percent": _each(lambda letter: f"%{ord(letter):02x}", r"[!-/:-@a-z]"),
    "quote": lambda text, _: "> " + text.replace("\n", "\n> "),
    "row": lambda text, _: text.replace("\n", " ").replace("|", r"\|"),
    "some": lambda text, choice: "".join(
        f"&#{ord(c)};" if choice.random() < 0.3 else c for c in text
    ),
    "splice": _spliced,
    "sprinkle": lambda text, choice: _between(text, choice, _UNSEEN),
    "tabs": lambda text, choice: _between(text, choice, "\t\n\r"),
    "twice": _each(lambda letter: _named(letter).replace("&", "&amp;")),
    "unicode": _each(lambda letter: rf"\unicode{{x{ord(letter):x}}}", r"[<>\"'=()]"),
}
FAMILIES = "html foreign markdown tex entity url placeholder unicode mixed".split()


def generate(grammar: Grammar, count: int) -> list[Attack]:
    """Return distinct payloads of a grammar, of each family in turn."""
    made: dict[str, Attack] = {}
    while len(made) < count:
        family = FAMILIES[len(made) % len(FAMILIES)]
        body = grammar.make(family)
        if body.strip() and len(body) <= _LONGEST:
            made.setdefault(body, Attack(family, body))
    return list(made.values())


@cache
def generated(count: int = COUNT, seed: int = SEED) -> list[Attack]:
    """Return the generator's payloads, the same for the same seed."""
    return generate(Grammar(DATA / "attacks.grammar", seed), count)


ATTACKS = list(_written())


@cache
def everything() -> list[Attack]:
    """Return all payloads: those written down, the generator's and the folder's."""
    return [*ATTACKS, *generated(), *(from_folder(Path(_FOLDER)) if _FOLDER else [])]
