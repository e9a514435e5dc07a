"""What the one function makes of every attack, as Chromium reads it; and what the same attacks do without it."""

from __future__ import annotations

import re
import unicodedata
from collections import Counter
from html import escape, unescape

import pytest
from markdown_it import MarkdownIt
from playwright.sync_api import Browser

from comments_service.core.characters import clean_body
from comments_service.core.feed_html import feed_html
from comments_service.core.feeds import plain
from comments_service.core.text import render
from tests.attacks import ATTACKS, FAMILIES, everything, generated
from tests.browser.watch import empty_page

pytestmark = pytest.mark.browser

AT_ONCE = 500
FREE = len(FAMILIES) * 60  # generated attacks that are let run


def test_nothing_runs_nothing_loads_and_reading_again_changes_nothing(browser: Browser) -> None:
    attacks = everything()
    watch = empty_page(browser)
    for start in range(0, len(attacks), AT_ONCE):
        some = attacks[start : start + AT_ONCE]
        found = watch.oracle("htmls", [render(clean_body(attack.body)).html for attack in some])
        assert len(found) == len(some)
        for attack, faults in zip(some, found, strict=True):
            assert faults == [], attack
        assert watch.taken() == [], (start, watch.page.url)
    watch.close()


def test_a_feed_reader_that_inserts_what_it_finds_runs_nothing(browser: Browser) -> None:
    attacks = [*ATTACKS, *generated()[:500]]
    watch = empty_page(browser)
    for start in range(0, len(attacks), AT_ONCE):
        some = attacks[start : start + AT_ONCE]
        found = watch.oracle(
            "htmls", [feed_html(render(clean_body(attack.body)).html) for attack in some]
        )
        assert found == [[]] * len(some)
        watch.oracle("htmls", [plain(attack.body) for attack in some])  # not whole, but harmless
        assert watch.taken() == [], start
    watch.close()


# --- A control: without the walls the same attacks run, and are seen ---


class _Trusting(MarkdownIt):
    def validateLink(self, url: str) -> bool:  # noqa: N802
        return True


_MARKDOWN = _Trusting("default", {"html": True})
_COMMANDS = [
    (r"\\(?:href|url|includegraphics(?:\[[^\]]*\])?)\{([^{}]*)\}", r'<a href="\1"><img src="\1">'),
    (r"\\(?:html)?[sS]tyle\{([^{}]*)\}|\\bbox\[([^\]]*)\]", r'<b style="\1\2">'),
    (r"\\(?:[a-z]*[cC]lass|[a-z]*[iI]d|[a-z]*color|[a-zD]+ata|label|tag\*?)\{([^{}]*)\}", r'<b class="\1">'),
]  # fmt: skip
_LETTERS = re.compile(r"\\unicode\{x([0-9a-f]+)\}|\\char\"([0-9A-F]+) ?|\^\^([0-9a-f]{2})")
_UNSEEN = re.compile("[\u00ad\u034f\u180e\u200b-\u200f\u202a-\u202e\u2060-\u206f\ufe0f\ufeff]")


def unguarded(body: str) -> list[str]:
    """Return a text as HTML without any wall: as it is, unescaped, as trusted Markdown and TeX."""
    read = _UNSEEN.sub("", unescape(unescape(body)))
    read = _LETTERS.sub(lambda found: chr(int(found[1] or found[2] or found[3], 16)), read)
    for command, html in _COMMANDS:
        read = re.sub(command, html, read)
    in_attribute = f"<p title=\"{body}\">x</p><p title='{body}'>x</p>"
    return [body, unicodedata.normalize("NFKC", read), _MARKDOWN.render(body), in_attribute]


def test_without_the_walls_the_attacks_of_every_family_run(browser: Browser) -> None:
    attacks = [*ATTACKS, *generated()[:FREE]]
    watch = empty_page(browser, quiet=True)
    ran = set()
    for start in range(0, len(attacks), 50):
        some = attacks[start : start + 50]
        watch.oracle("exposed", [start, [unguarded(attack.body) for attack in some]])
        for seen in watch.taken():
            harm = re.search(r"(?:pwned|//evil\.example\S*) (\d+)\Z", seen)
            ran |= {int(harm[1])} if harm else set()
    watch.close()
    families = Counter(attack.family for attack in attacks)
    harmful = Counter(attacks[number].family for number in ran)
    for family, count in families.items():
        assert harmful[family] > count / 8, (family, harmful[family], count)


def test_the_oracle_sees_what_could_harm_even_where_it_does_not_run(browser: Browser) -> None:
    watch = empty_page(browser, quiet=True)
    harms = [
        "<script>1</script>", "<b>x</b>", "<svg></svg>", "<math><mi><b>x</b></mi></math>",
        "<a href='javascript:1'>x</a>", "<a href='//e.org'>x</a>", "<a href='/x'>x</a>",
        "<p style='top:0'>x</p>", "<p id=location>x</p>", "<a name=x>x</a>", "<p onclick=x>x</p>",
        "<math href=x><mi>x</mi></math>", "<math><mi href=x>x</mi></math>", "<mi>x</mi>",
        "<math><mtext><mi>x</mi></mtext></math>", "<math><math></math></math>", "<p title=x>x</p>",
        "<math><mspace width='99999em'></mspace></math>", "<math><mtd id=x></mtd></math>",
        "<math><mi mathcolor='url(x)'>x</mi></math>", "<form></form>", "<!--x-->", "</div>x", "</td>x",
        "<p><table><p>x</table>", "<a><p><a>x</a></p></a>", f"<code class='{escape('x')}'>x</code>",
    ]  # fmt: skip
    for harm, faults in zip(harms, watch.oracle("htmls", harms), strict=True):
        assert faults, harm
    watch.close()
