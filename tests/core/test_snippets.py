"""What is shown where something was found: the match marked, formulas and graphemes whole, within its width."""

from __future__ import annotations

import re
from collections.abc import Sequence
from html import unescape

import pytest
import regex
from hypothesis import given
from hypothesis import strategies as st

from comments_service.core.characters import ELLIPSIS, columns
from comments_service.core.search import query
from comments_service.core.snippets import WIDTH, Piece, highlighted, snippet
from comments_service.core.text import render

LONG = "filler words " * 40
BODY = f"{LONG}二项式定理 $x^2+y^2$ says: *Poincaré's theorems* converge. {LONG}"


def drawn(pieces: Sequence[Piece]) -> str:
    """Write a snippet with [matches] and <formulas>."""
    return "".join(
        ("[{}]" if piece.marked else "{}").format(
            f"<{piece.text}>" if piece.formula else piece.text
        )
        for piece in pieces
    )


def shown(body: str, asked: str) -> str:
    return drawn(snippet(render(body).html, query(asked)))


@pytest.mark.parametrize(
    ("asked", "part"),
    [
        ("二项", "words [二项]式定理 <$x^2+y^2$> says"),
        ("项式定", "二[项式定]理"),
        ("x^2", "[<$x^2+y^2$>] says"),
        ("y^{2}", "[<$x^2+y^2$>]"),
        ("poincare", "[Poincaré]'s theorems"),
        ('"poincare\'s theorems"', "[Poincaré's theorems] converge"),
        ("theorem", "[theorems]"),
        ("says converge", "[says]: Poincaré's theorems [converge]."),
    ],
)
def test_the_first_match_is_shown_and_marked(asked: str, part: str) -> None:
    text = shown(BODY, asked)
    assert part in text
    assert text.startswith(f"{ELLIPSIS} ") and text.endswith(ELLIPSIS)


def test_a_short_text_is_shown_whole_and_what_has_no_match_from_its_beginning() -> None:
    assert shown("Let $x$ be\n\n- one\n- two", "two") == "Let <$x$> be one [two]"
    assert shown("see [here](https://x.example/path)", "path") == "see here"
    assert shown(BODY, "absent").startswith("filler words filler")


def test_formulas_are_drawn_but_those_that_cannot_be() -> None:
    [_, formula, _, broken] = snippet(render(r"Let $$x^2$$ or $\nope$").html, query("x \\nope"))
    assert formula.html.startswith("<math><msup>") and formula.marked
    assert (broken.text, broken.html, broken.marked) == (r"$\nope$", "", True)


def test_nothing_of_a_comments_markup_is_left() -> None:
    pieces = snippet(
        render("**b** <script>x</script> `<i>` & [l](http://x.example)").html, query("b")
    )
    assert drawn(pieces) == "[b] <script>x</script> <i> & l"


def test_a_name_is_marked_where_it_matches() -> None:
    assert drawn(highlighted("Émile du 二项式", query("emile 项"))) == "[Émile] du 二[项]式"


WORDS = (
    "$x^2$",
    r"$\frac{a}{b}$",
    "二项式",
    "word",
    " ",
    "  ",
    "\n\n",
    "é",
    "👨‍👩‍👧",
    "ガ",
    "*",
    "<b>",
)
LETTERS = st.characters(exclude_categories=["Cs"], exclude_characters="\0$\\`")
TEXTS = st.lists(st.sampled_from(WORDS) | st.text(LETTERS, max_size=4), max_size=60).map("".join)


@given(TEXTS, st.sampled_from(["x^2", "二", "word", "é", "b a", "\\frac", ""]))
def test_no_formula_and_no_grapheme_is_ever_cut(body: str, asked: str) -> None:
    html = render(body).html
    pieces = snippet(html, query(asked))
    whole = re.findall(r'data-source="([^"]*)"|class="comments-tex">([^<]*)<', html)
    formulas = {unescape(drawn or source) for drawn, source in whole}
    assert {piece.text for piece in pieces if piece.formula} <= formulas
    text = "".join(piece.text for piece in pieces if not piece.formula)
    assert sum(columns(cluster) for cluster in regex.findall(r"\X", text)) <= WIDTH + 2
    family = "👨‍👩‍👧"
    for part in family.split("\u200d"):
        assert text.count(part) == text.count(family)


@given(TEXTS)
def test_what_is_seen_is_marked(body: str) -> None:
    html = render(f"{body} seen").html
    assert any(piece.marked and "seen" in piece.text for piece in snippet(html, query("seen")))
