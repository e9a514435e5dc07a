"""Formulas as the host page wants them: MathML, their source, or drawn by its own typesetter."""

from __future__ import annotations

import re

import pytest
from playwright.sync_api import Page, expect

from tests.browser.conftest import House, Opener
from tests.browser.hosts import Embed, dress, embedding, expect_given

pytestmark = pytest.mark.browser


SUM = "+".join(f"x_{{{n}}}" for n in range(60))


@pytest.fixture
def embed(house: House, visit: Opener, thread: str) -> Embed:
    return embedding(house, visit, thread)


# --- Source, host or MathML ---

PROSE = "It costs $5 and $6, or \\\\(7\\\\). "
TYPED = PROSE + r"$a<b$, $`c`$, $latex d$, \(e\), $$f$$ and $\unknown{g}$"


def test_off_shows_the_source_as_typed(house: House, embed: Embed, thread: str) -> None:
    house.post(thread, TYPED + "\n\n$$\nh\n$$")
    page = embed('math="off"')
    shown = page.locator("article .comments-body code.comments-tex")
    expect(shown).to_have_text(
        ["$a<b$", "$`c`$", "$latex d$", r"\(e\)", "$$f$$", r"$\unknown{g}$", "$$\nh\n$$"]
    )
    expect(page.locator("article .comments-body math")).to_have_count(0)


def test_the_mode_can_change_at_any_time(house: House, embed: Embed, thread: str) -> None:
    house.post(thread, TYPED)
    page = embed()
    body = page.locator("article .comments-body")
    expect(body.locator("math")).to_have_count(5)
    before = body.inner_html()
    dress(page, math="off")
    expect(body.locator("code.comments-tex")).to_have_count(6)
    dress(page, math="host")
    expect(body).to_contain_text("$a<b$, ")
    expect(body.locator("math, code")).to_have_count(0)
    dress(page, math=None)
    expect(body.locator("math")).to_have_count(5)
    assert body.inner_html() == before


@pytest.mark.parametrize(
    ("host", "expected"),
    [
        ("/mathjax.js", [r"\(a<b\)", r"\(c\)", r"\(d\)", r"\(e\)", "$$f$$", r"\(\unknown{g}\)"]),
        ("/dollars.js", ["$a<b$", r"\(c\)", r"\(d\)", r"\(e\)", "$$f$$", r"$\unknown{g}$"]),
        ("/mathjax2.js", ["$a<b$", "$c$", "$d$", "$e$", "$$f$$", r"$\unknown{g}$"]),
        ("/katex.js", ["$a<b$", r"\(c\)", r"\(d\)", r"\(e\)", "$$f$$"]),
    ],
)
def test_the_hosts_typesetter_is_given_formulas_alone(
    house: House, embed: Embed, thread: str, host: str, expected: list[str]
) -> None:
    """In delimiters that it knows; and what it can't draw stays as the service made it."""
    house.post(thread, TYPED)
    page = embed('math="host"', host=host)
    expect_given(page, expected)
    body = page.locator("article .comments-body")
    expect(body).to_contain_text(r"It costs $5 and $6, or \(7\).")
    expect(body.locator("code.comments-tex")).to_have_count(6 - len(expected))
    expect(page.locator(".mathjax_ignore.tex2jax_ignore .comments-author")).to_have_count(1)


def test_pages_and_previews_are_typeset_too(house: House, embed: Embed, thread: str) -> None:
    for number in range(1, 12):
        house.post(thread, f"floor $x_{{{number}}}$")
    page = embed('math="host"', host="/mathjax.js")
    page.get_by_role("link", name="Next").click()
    first = [rf"\(x_{{{number}}}\)" for number in range(1, 12)]
    expect_given(page, first)
    page.get_by_label("Comment", exact=True).fill("Let $y$ be.")
    page.get_by_role("button", name="Preview").click()
    expect_given(page, [*first, r"\(y\)"])
    page.get_by_label("Name").fill("bob")
    page.get_by_role("button", name="Post comment").click()
    expect(page.locator(".comments-body", has_text="Let drawn be.")).to_be_visible()


def test_a_typesetter_that_comes_late_is_found(house: House, embed: Embed, thread: str) -> None:
    house.post(thread, "Let $a$ be.")
    page = embed('math="host"')
    expect(page.locator(".comments-formula.mathjax_process")).to_have_text("$a$")
    page.add_script_tag(url="/mathjax.js")
    expect_given(page, [r"\(a\)"])


def test_a_page_can_typeset_by_itself(house: House, embed: Embed, thread: str) -> None:
    house.post(thread, "Let $a$ be.")
    page = embed(host="/mathjax.js")
    page.evaluate(
        """addEventListener("comments:math", (event) => {
            event.preventDefault();
            for (const element of event.detail.elements) element.textContent = "mine";
        })"""
    )
    dress(page, math="host")
    expect(page.locator(".comments-formula")).to_have_text("mine")
    expect(page.locator("html")).not_to_have_attribute("data-given", re.compile(""))


HARMFUL = [
    r"\href{javascript:alert(1)}{x}",
    r"\verb\x\\href{javascript:alert(1)}{x}",
    r"\htmlStyle{position:fixed}{x}",
    r"\class{comments}{x}",
    r"\cssId{respond}{x}",
    r"\style{position:fixed}{x}",
    r"\bbox[background:url(https://evil.example/)]{x}",
    r"\require{html}",
    r"\mmlToken{mi}[href=javascript:alert(1)]{x}",
    r"\includegraphics{https://evil.example/x.png}",
    r"\unicode{x202e}x",
    r"\link{java" + "\n" + "script:alert(1)}{x}",
    r"\def\frac#1#2{0} x",
    r"\newcommand{\R}{0} \R",
    r"\global\let\sum\int x",
    r"\DeclareMathOperator{\sin}{cos} x",
    r"\definecolor{blue}{rgb}{1,0,0} x",
    r"x\label{eq:loss}",
    r"x\tag{7}",
    r"\ref{eq:loss}",
]


def test_nothing_harmful_is_handed_to_the_host(house: House, embed: Embed, thread: str) -> None:
    for tex in HARMFUL:
        house.post(thread, f"$${tex}$$", "mallory")
    house.post(thread, r"$\newcommand{\R}{0}$ and $\R$", "mallory")
    house.post(thread, r"\\(\href{javascript:1}{x}\\) \$\href{javascript:1}{x}\$ `$x$`", "mallory")
    house.post(thread, "The last: $z$")
    page = embed('math="host"', host="/mathjax.js")
    for _ in range(2):
        page.get_by_role("link", name="Next").click()
        expect(page.locator(".comments")).not_to_have_attribute("aria-busy", "true")
    expect_given(page, [r"\(z\)"])


def test_numbers_stay_those_of_the_comment(house: House, embed: Embed, thread: str) -> None:
    """A comment must not take the article's next number, nor one that the article has."""
    house.post(thread, "\\begin{align}a&=b\\end{align}\n\n$$c\\tag{7}$$\n\nBy (7)式, $d$.")
    page = embed('math="host"', host="/mathjax.js")
    expect_given(page, [r"\begin{align*}a&=b\end{align*}", r"\(d\)"])
    page.locator(".comments-ref").click()
    expect(page.locator(":target", has_text="7")).to_be_in_viewport()


# --- Room ---


def widths(page: Page, selector: str) -> list[list[int]]:
    script = "(found) => found.map((box) => [box.scrollWidth, box.clientWidth])"
    return [list(pair) for pair in page.locator(selector).evaluate_all(script)]


@pytest.mark.parametrize("math", ["mathml", "off", "host"])
def test_a_long_formula_scrolls_in_a_box_of_its_own(
    house: House, embed: Embed, thread: str, math: str
) -> None:
    house.post(thread, f"A long ${SUM}$ inline\n\n$${SUM}$$\n\n$${SUM}\\tag{{1}}$$\n\n> - ${SUM}$")
    page = embed(f'math="{math}"', viewport={"width": 320, "height": 640})
    expect(
        page.locator("article .comments-body :is(math, .comments-tex, .mathjax_process)")
    ).not_to_have_count(0)
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")
    if math == "mathml":
        boxes = widths(page, ":is(.comments-formula, .comments-math)")
        assert len(boxes) == 4
        assert all(whole > seen for whole, seen in boxes)
        assert all(whole == seen for whole, seen in widths(page, ".comments-body"))
        expect(page.locator("article .comments-body [tabindex]")).to_have_count(4)
