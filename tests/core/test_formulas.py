r"""Formulas become MathML, keep their source, and say in plain words where they can't be drawn."""

from __future__ import annotations

import json
import os
import re
from html import unescape
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from comments_service.core import latex
from comments_service.core.rendered import Rendered
from comments_service.core.text import parse, render
from tests.allowed import stored_faults

DATA = Path(__file__).parents[1] / "data"
FORMULAS = [json.loads(line) for line in (DATA / "formulas.jsonl").read_text("utf-8").splitlines()]
GOLDEN = DATA / "mathml.jsonl"


def drawn(formula: dict[str, Any]) -> Rendered:
    tex = formula["tex"]
    return render(f"$${tex}\n$$" if formula["display"] else rf"\({tex}" + "\n\\)")


def is_drawn(rendered: Rendered) -> bool:
    return "<math" in rendered.html and rendered.warnings == ()


def test_formulas_that_people_write_are_drawn() -> None:
    core = [formula for formula in FORMULAS if formula["expect"] == "core"]
    missing = [formula["tex"] for formula in core if not is_drawn(drawn(formula))]
    assert len(missing) <= len(core) / 100, missing


@pytest.mark.parametrize(
    "formula", [f for f in FORMULAS if f["expect"] in ("invalid", "refuse")], ids=lambda f: f["id"]
)
def test_broken_and_refused_formulas_show_their_source_and_say_why(formula: dict[str, Any]) -> None:
    rendered = drawn(formula)
    assert "<math" not in rendered.html
    assert '<code class="comments-tex">' in rendered.html
    (warning,) = rendered.warnings
    assert warning.code.startswith("formula_") and warning.message.endswith("as it was typed.")
    assert 0 <= warning.start < warning.end <= len(formula["tex"]) + 6


def test_an_upgrade_of_the_renderer_shows_what_it_changes() -> None:
    """Write the file anew with COMMENTS_TEST_WRITE=1 and read the difference."""
    lines = [
        json.dumps(
            {"id": f["id"], "html": r.html.strip(), "excerpt": r.excerpt}, ensure_ascii=False
        )
        for f in FORMULAS
        for r in [drawn(f)]
    ]
    text = "\n".join(lines) + "\n"
    if os.environ.get("COMMENTS_TEST_WRITE"):
        GOLDEN.write_text(text, "utf-8")
    assert GOLDEN.read_text("utf-8") == text


@pytest.mark.parametrize("formula", FORMULAS, ids=lambda f: f["id"])
def test_what_is_drawn_stays_inside_the_closed_list(formula: dict[str, Any]) -> None:
    assert stored_faults(drawn(formula).html) == []


# --- Kept ---


def shown_sources(html: str) -> list[str]:
    """Return the sources that a comment's html carries, in order."""
    found = re.findall(r'data-source="([^"]*)"|<code class="comments-tex">([^<]*)</code>', html)
    return [unescape(attribute or code) for attribute, code in found]


TEX = st.lists(
    st.sampled_from(
        r"x y^2 a_{ij} \frac{1}{2} \alpha < > & \\ \text{若<b>} \{ \} _ ^ * ** ` | \| ' \" # ~ \% 中 "
        r"\begin{matrix}a&b\end{matrix} <script> &lt; &#36; \left( \right) [x] ![y](z) ]( - + =".split()
    )
    | st.just("\n"),
    min_size=1,
    max_size=12,
).map(" ".join)
AROUND = st.sampled_from(
    ["", "当", "> ", "- ", "**b** ", "a|b\n-|-\n", "[l](https://e.org) ", "`c` "]
)


@given(AROUND, TEX, st.sampled_from([("$", "$"), ("$$", "$$"), (r"\(", r"\)"), (r"\[", r"\]")]))
def test_the_source_of_a_formula_comes_back_byte_for_byte(
    around: str, tex: str, pair: tuple[str, str]
) -> None:
    source = f"{around}{pair[0]}{tex}{pair[1]} end"
    tokens = [
        token
        for block in parse(source)
        for token in (block, *(block.children or ()))
        if token.type in (latex.INLINE, latex.BLOCK)
    ]
    assert shown_sources(render(source).html) == [token.markup for token in tokens]
    for token in tokens:
        assert all(line in source for line in token.markup.split("\n"))


# --- Warnings ---

PLACED = [
    (r"a $\frac{1}$ b", "formula_unfinished", r"$\frac{1}$"),
    (r"当$\foo{x}$时", "formula_unknown", r"\foo"),
    (r"`$\foo$` then $\foo$", "formula_unknown", r"\foo"),
    ("> q\n\n- $$\n  a\n  + \\foo\n  $$", "formula_unknown", r"\foo"),
    ("> $$\n> x^a^b\n> $$", "formula_scripts", "^"),
    (r"$x & y$", "formula_misplaced", "&"),
    (r"$\begin{foo}x\end{foo}$", "formula_unknown", r"\begin{foo}"),
    (r"$\newcommand{\R}{\nope}\R$", "formula_unknown", r"\R"),
    (r"$\left( x$", "formula_unbalanced", r"$\left( x$"),
    (r"$x}$", "formula_unbalanced", "}"),
    (r"$\href{https://e.org}{x}$", "formula_refused", r"\href"),
    ("$" + "([" * 20 + "$", "formula_too_deep", "("),
    (r"$\def\a{{{{{{{{{{{{{\a}}}}}}}}}}}}}\a$", "formula_endless", r"\a"),
    ("| a | $\\foo$ |\n|---|---|\n| 1 | 2 |", "formula_unknown", r"\foo"),
]


@pytest.mark.parametrize(("source", "code", "place"), PLACED)
def test_a_warning_names_the_place_in_the_source(source: str, code: str, place: str) -> None:
    (warning,) = render(source).warnings
    assert (warning.code, source[warning.start : warning.end]) == (code, place)


# --- Numbers and references ---


def ids(html: str) -> list[str]:
    return re.findall(r' id="([^"]*)"', html)


def test_a_tag_is_shown_and_reached_from_everywhere_in_the_comment() -> None:
    rendered = render(
        "由(7)式和\\eqref{eq:x}：\n\n$$a=b\\tag{7}\\label{eq:x}$$\n\n$\\eqref{eq:x}$, eq. (7), \\ref{eq:x}"
    )
    (anchor,) = ids(rendered.html)
    assert re.fullmatch("m[0-9]{12}-1", anchor)
    links = re.findall(r'<a class="comments-ref" href="#([^"]*)">([^<]*)</a>', rendered.html)
    assert [text for _, text in links] == ["(7)", "(7)", "(7)", "eq. (7)", "7"]
    assert {target for target, _ in links} == {anchor}


def test_what_is_labelled_is_numbered_and_what_is_not_is_not() -> None:
    source = (
        r"\begin{align}a&=1\label{a}\\b&=2\\c&=3\tag{$\ast$}\label{c}\\d&=4\label{d}\end{align}"
    )
    html = render(source + "\n\n\\eqref{a} \\eqref{c} \\eqref{d}").html
    assert len(ids(html)) == 3
    assert re.findall(r">(\([^<]*\))</a>", html) == ["(1)", "(*)", "(2)"]
    assert ids(render(r"\begin{align}a&=1\\b&=2\end{align}").html) == []


def test_lines_without_an_environment_may_each_have_a_tag() -> None:
    html = render("$$a\\tag{1}\\\\b\\tag{2}$$\n\n(1)式, (2)式").html
    assert len(ids(html)) == 2
    assert re.findall(r'<a class="comments-ref" href="#m[0-9]+-([12])">', html) == ["1", "2"]


def test_two_comments_have_different_ids() -> None:
    one, two = (render(f"{words} $$a\\tag{{1}}$$").html for words in ("alice", "bob"))
    assert ids(one) != ids(two)


@pytest.mark.parametrize(
    ("source", "equation"),
    [
        ("由(7)式可得", "7"),
        ("由式（2.3）可得", "2.3"),
        ("see Eq. (12a) there", "12a"),
        ("Equation (A.1) holds", "A.1"),
        (r"by \eqref{eq:loss}, so", "eq:loss"),
        (r"by \ref{eq:a_b_c}", "eq:a_b_c"),
        (r"so $\eqref{eq:loss}$", "eq:loss"),
    ],
)
def test_a_reference_to_the_article_is_marked_and_stays_text(source: str, equation: str) -> None:
    html = render(source).html
    assert re.findall('data-equation="([^"]*)"', html) == [equation]
    assert "<a" not in html


@pytest.mark.parametrize(
    "source", ["f(7) and (8)", "in (2018)", "`Eq. (7)`", "步骤(1)", r"\\eqref{x}"]
)
def test_other_brackets_are_no_references(source: str) -> None:
    assert "comments-ref" not in render(source).html


def test_a_reference_inside_a_link_is_no_second_link() -> None:
    html = render(
        "$$a\\tag{1}\\label{q}$$\n\n[Eq. (1) $\\eqref{q}$ \\eqref{q}](https://e.org)"
    ).html
    assert html.count("<a ") == 1


def test_a_forged_mark_doubles_no_id() -> None:
    html = render(r"$\text{@0@}$ $$a\tag{1}$$ $$\text{@0@}b\tag*{@1@}$$").html
    assert len(ids(html)) == len(set(ids(html))) == 2


def test_macros_of_a_comment_hold_to_its_end() -> None:
    rendered = render("$\\R$ first, then $\\newcommand{\\R}{r}\\R$\n\n> $\\R$")
    assert rendered.html.count("<mi>r</mi>") == 2


def test_very_many_formulas_stay_within_bounds() -> None:
    rendered = render("$$" + "x'" * 1990 + "$$" + "\n\n$$" + "x'" * 1990 + "$$")
    assert len(rendered.html) < 400_000


def test_no_line_begins_with_the_mark_behind_a_short_formula() -> None:
    together = re.compile(
        r'<span class="comments-together"><span class="comments-formula"[^>]*>.*?</span>，</span>'
    )
    assert together.search(render("当$x<y$，则").html)
    assert "comments-together" not in render("当$x<y$则").html
    assert "comments-together" not in render("当$" + "x+" * 30 + "y$，则").html
