"""`python -m tests.walls`: what each wall around a comment's text stops alone, for docs/security.md.

A wall is switched off by putting in its place what trusts everything. What is not switched: the limits
on size and nesting, which are against slow texts and not against harmful ones.
"""

from __future__ import annotations

import re
import sys
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from itertools import product
from typing import Any
from unittest import mock

from markdown_it.token import Token
from playwright.sync_api import sync_playwright

from comments_service.core import (
    characters,
    drawing,
    insets,
    markdown,
    mathml,
    sanitize,
    shims,
    text,
)
from comments_service.core.draft import NAME, WEBSITE, web_address
from comments_service.core.drawing import Draw
from comments_service.language import chosen
from comments_service.web import views
from tests.allowed import page_faults, stored_faults
from tests.attacks import ATTACKS, Attack, generated
from tests.browser.conftest import CHROMIUM, FLAGS
from tests.browser.watch import EMPTY_PAGE, NOWHERE, Watch, empty_page

Patch = tuple[Any, str, Any]

_UNSEEN = re.compile(
    "[\x00-\x08\x0b-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069\ufdd0-\ufdef\ufffe\uffff]"
)


# --- What stands in the place of a wall ---


class _Raw(mathml.Node):
    """What a program for formulas has written, unread."""


def _html(node: mathml.Node) -> str:
    return node.text if isinstance(node, _Raw) else _WRITTEN(node)


_WRITTEN = mathml.html
_COMMANDS = [
    (r"\\(?:href|url|includegraphics(?:\[[^\]]*\])?)\{([^{}]*)\}", r'<a href="\1"><img src="\1">'),
    (r"\\(?:html)?[sS]tyle\{([^{}]*)\}|\\bbox\[([^\]]*)\]", r'<b style="\1\2">'),
    (
        r"\\(?:[a-z]*[cC]lass|[a-z]*[iI]d|[a-z]*color|[a-zD]+ata|label|tag\*?)\{([^{}]*)\}",
        r'<b class="\1">',
    ),
]


def trusting(tex: str, _display: bool) -> str:
    """Draw a formula as the worst program would: links, styles and HTML as they were typed."""
    for command, html in _COMMANDS:
        tex = re.sub(command, html, tex)
    return f"<math><mtext>{tex}</mtext></math>"


class _Guessable(insets.Insets):
    """Placeholders that can be typed, and that are replaced wherever they stand."""

    def place(self, token: Token) -> str:
        if token.type != "reference" and "mathml" not in token.meta:
            return super().place(token)
        number = len(self._html)
        self._html[str(number)] = insets._html(token)
        return f"\ue000{number}\ue001"

    def fill(self, html: str) -> str:
        return re.sub("\ue000([0-9]+)\ue001", lambda found: self._html.get(found[1], ""), html)


@contextmanager
def _html_in_markdown() -> Iterator[None]:
    parser = markdown._PARSER
    parser.enable("image")
    with mock.patch.dict(parser.options, {"html": True}):
        yield
    parser.disable("image")


def _same(value: str) -> str:
    return value


OFF: dict[str, list[Patch]] = {
    "characters": [(where, "safe_characters", _same) for where in (characters, sanitize)],
    "Markdown without HTML": [],  # see _html_in_markdown
    "addresses": [(markdown._Parser, "validateLink", lambda _self, _url: True)],
    "refused commands": [(shims, "_REFUSED", frozenset())],
    "math-core": [],  # see trusting
    "guard": [
        (mathml, "guarded", lambda fragment: _Raw("math", {}, [], fragment)),
        (mathml, "html", _html),
    ],
    "bleach": [(sanitize, "with_bleach", _same)],
    "nh3": [(sanitize, "with_nh3", _same)],
    "placeholders": [(text, "Insets", _Guessable)],
    "escaped source": [(insets, "attribute", _same)],
}
WALLS = frozenset(OFF)


@contextmanager
def only(walls: Iterable[str]) -> Iterator[Callable[[str], str]]:
    """Keep some of the walls, and give the function that makes html of a body."""
    off = WALLS - frozenset(walls)
    with ExitStack() as stack:
        for wall in off:
            for place, name, value in OFF[wall]:
                stack.enter_context(mock.patch.object(place, name, value))
        if "Markdown without HTML" in off:
            stack.enter_context(_html_in_markdown())
        draw: Draw = trusting if "math-core" in off else drawing.mathml
        clean = characters.clean_body if "characters" not in off else _readable
        yield lambda body: text.render(clean(body), draw).html


def _readable(body: str) -> str:
    """Take away what ends the program: half pairs can't be hashed, and lines are counted."""
    return re.sub("[\ud800-\udfff]", "\ufffd", re.sub("\r\n?", "\n", body))


# --- What gets through ---


def faults(html: str) -> list[str]:
    """Name what is outside the closed lists, unseen characters too."""
    unseen = [f"U+{ord(letter):04X}" for letter in _UNSEEN.findall(html)]
    try:
        return stored_faults(html) + unseen
    except AssertionError as error:  # html.parser does not know every broken declaration
        return [str(error)]


def through(walls: Iterable[str], attacks: Sequence[Attack]) -> dict[int, str]:
    """Return what some walls let through, by the attack's number."""
    with only(walls) as made:
        htmls = [made(attack.body) for attack in attacks]
    return {number: html for number, html in enumerate(htmls) if faults(html)}


def ran(watch: Watch, htmls: Mapping[int, str]) -> set[int]:
    """Return the numbers of the htmls that run or load something in a page that trusts them."""
    numbers, found = list(htmls), set[int]()
    for start in range(0, len(numbers), _AT_ONCE):
        some = numbers[start : start + _AT_ONCE]
        watch.oracle("exposed", [start, [[htmls[number]] for number in some]])
        for seen in watch.taken():
            harm = _HARM.search(seen)
            found |= {numbers[int(harm[1])]} if harm else set()
    return found


_AT_ONCE = 50
COUNT = 1_000  # attacks that are measured: all that were written, the rest generated
# What names evil.example in the path of a page of ours asks nobody else.
_HARM = re.compile(rf"(?:pwned|request (?!{NOWHERE}/)\S*//evil\.example\S*) (\d+)\Z")


def _under_our_policy(watch: Watch) -> None:
    page = {"body": EMPTY_PAGE, "content_type": "text/html", "headers": views.headers()}
    watch.page.route(f"{NOWHERE}/oracle", lambda route: route.fulfill(**page))
    watch.page.goto(f"{NOWHERE}/oracle")


def names(attacks: Sequence[Attack], *, escaped: bool, checked: bool) -> dict[int, str]:
    """Return what a template makes of attacks as names and websites, where it is harmful."""
    template = views._templates(chosen()).overlay(autoescape=escaped, cache_size=0)
    is_address = web_address if checked else lambda _: True
    template.tests = {**template.tests, "web_address": is_address}
    macros: Any = template.get_template("comment.html").module
    lines = [characters.clean_line(attack.body) for attack in attacks]
    htmls = [str(macros.shown_name({"name": line[:NAME], "url": line[:WEBSITE]})) for line in lines]
    return {number: html for number, html in enumerate(htmls) if _is_harmful(html)}


def _is_harmful(html: str) -> bool:
    try:
        return bool(page_faults(html))
    except AssertionError:
        return True


def _cases(attacks: Sequence[Attack]) -> Iterator[tuple[str, dict[int, str]]]:
    yield "no wall", through(frozenset(), attacks)
    yield "all walls", through(WALLS, attacks)
    for wall in OFF:
        yield f"only {wall}", through({wall}, attacks)
    for wall in OFF:
        yield f"all but {wall}", through(WALLS - {wall}, attacks)
    for escaped, checked in product((True, False), repeat=2):
        found = names(attacks, escaped=escaped, checked=checked)
        yield f"names {escaped=} {checked=}", found


def main() -> None:
    """Print what gets through and what of it runs in Chromium, with and without each wall."""
    attacks = [*ATTACKS, *generated()[: COUNT - len(ATTACKS)]]
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=FLAGS.split())
        watch = empty_page(browser, quiet=True)
        for case, htmls in _cases(attacks):
            _say(f"{case}: {len(htmls)} of {len(attacks)}, run: {len(ran(watch, htmls))}")
        _under_our_policy(watch)
        htmls = through(frozenset(), attacks)
        _say(f"only the Content Security Policy: run: {len(ran(watch, htmls))}")


def _say(line: str) -> None:
    sys.stdout.write(line + "\n")
    sys.stdout.flush()


if __name__ == "__main__":
    main()
