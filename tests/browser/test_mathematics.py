"""Formulas in a real browser: how they look, and what is copied of them."""

from __future__ import annotations

import json
import re

import pytest
from playwright.sync_api import Page, expect

from tests.browser.conftest import House, Opener

pytestmark = pytest.mark.browser


# --- Copying ---


def copied(page: Page) -> dict[str, str]:
    """Press the keys for copying; return what the page put on the clipboard."""
    page.evaluate(
        """addEventListener("copy", ({clipboardData: data}) => {
            const copied = {text: data.getData("text/plain"), html: data.getData("text/html")};
            document.documentElement.dataset.copied = JSON.stringify(copied);
        })"""
    )
    page.keyboard.press("Control+C")
    expect(page.locator("html")).to_have_attribute("data-copied", re.compile("text"))
    return dict(json.loads(page.locator("html").get_attribute("data-copied") or ""))


def select(page: Page, start: str, end: str) -> None:
    """Select from the beginning of one element to the end of another."""
    page.evaluate(
        """([start, end]) => getSelection().setBaseAndExtent(
            document.querySelector(start), 0,
            document.querySelector(end), document.querySelector(end).childNodes.length)""",
        [start, end],
    )


@pytest.fixture(params=["embedded", "on its own page"])
def read(request: pytest.FixtureRequest, house: House, visit: Opener, thread: str) -> Opener:
    """Post a text, and read it in the host's page or on the thread's own."""

    def opened(body: str) -> Page:
        house.post(thread, body)
        embedded = request.param == "embedded"
        return visit(f"{house.host.url}{thread}" if embedded else house.page_of(thread))

    return opened


def test_a_formula_is_copied_as_its_tex(read: Opener) -> None:
    page = read(r"Let $\frac{a}{b}<c$ hold.")
    select(page, ".comments-formula", ".comments-formula")
    assert copied(page)["text"] == r"$\frac{a}{b}<c$"


def test_a_double_click_on_a_formula_copies_all_of_it(read: Opener) -> None:
    page = read("Let $x+y=z$ hold.")
    page.locator(".comments-formula mi").nth(1).dblclick()
    assert copied(page)["text"].strip() == "$x+y=z$"


def test_part_of_a_formula_is_copied_as_the_whole(read: Opener) -> None:
    page = read("$$\na+b\n= c % all of it\n$$")
    select(page, ".comments-math mi:nth-of-type(1)", ".comments-math mi:nth-of-type(2)")
    found = copied(page)
    assert found["text"].strip() == "$$\na+b\n= c % all of it\n$$"
    assert "<code>$$\na+b" in found["html"]


def test_text_around_formulas_is_copied_with_them(read: Opener) -> None:
    page = read("Let **all** $a$ and $b<c$ be\n\n$$d$$\n\n[given](https://blog.example/).")
    before = page.locator("article .comments-body").inner_html()
    select(page, ".comments-body p", ".comments-body p:last-of-type")
    found = copied(page)
    assert found["text"].split() == "Let all $a$ and $b<c$ be $$d$$ given.".split()
    assert "<strong>all</strong>" in found["html"]
    assert "<code>$b&lt;c$</code>" in found["html"]
    assert '<a href="https://blog.example/">' in found["html"]
    assert "class=" not in found["html"]
    assert "<math" not in found["html"]
    assert page.locator("article .comments-body").inner_html() == before


def test_text_without_formulas_is_left_to_the_browser(read: Opener) -> None:
    page = read("Only words, and then $x$.")
    page.get_by_text("Only words").dblclick(position={"x": 5, "y": 5})
    assert copied(page) == {"text": "", "html": ""}


def test_a_quotation_has_the_tex(house: House, visit: Opener, thread: str) -> None:
    house.post(thread, r"Let $\frac{a}{b}<c$.")
    page = visit(f"{house.host.url}{thread}")
    page.get_by_role("link", name="Quote alice").click()
    expect(page.locator("textarea")).to_have_value(re.compile(re.escape(r"> Let $\frac{a}{b}<c$.")))


# --- Looks ---


def test_formulas_stand_on_the_line(house: House, visit: Opener, thread: str) -> None:
    house.post(thread, r"When $x$, $\frac{a}{b}$ and $\sum_i x_i$ hold")
    page = visit(house.page_of(thread))
    tops = """() => [...document.querySelectorAll(".comments-formula mi")].map(
        (letter) => letter.getBoundingClientRect().top)"""
    scrolling = page.evaluate(tops)
    page.evaluate(
        "document.styleSheets[0].insertRule('.comments-formula { display: inline !important }')"
    )
    assert scrolling == pytest.approx(page.evaluate(tops), abs=1)


def test_a_struck_out_letter_has_a_line_longer_than_its_own(
    house: House, visit: Opener, thread: str
) -> None:
    house.post(thread, r"$\cancel{x}$")
    page = visit(house.page_of(thread))
    tall = page.locator(".comments-body mi, .comments-body .comments-m-cancel-up").evaluate_all(
        "(found) => found.map((element) => element.getBoundingClientRect().height)"
    )
    assert tall[0] > 1.2 * tall[1]  # the row comes first, then its x


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_every_colour_can_be_read(house: House, visit: Opener, thread: str, scheme: str) -> None:
    colours = ["black", "white", "blue", "yellow", "red", "green"]
    house.post(thread, " ".join(rf"$\textcolor{{{name}}}{{x}}$" for name in colours))
    page = visit(house.page_of(thread), color_scheme=scheme)
    contrasts = page.locator(".comments-body mi").evaluate_all(
        """(letters) => {
            const pen = document.createElement("canvas").getContext("2d");
            const light = (colour) => {
                pen.fillStyle = colour;
                pen.fillRect(0, 0, 1, 1);
                const parts = [...pen.getImageData(0, 0, 1, 1).data].slice(0, 3).map((n) => n / 255);
                const [r, g, b] = parts.map((n) => n <= 0.04 ? n / 12.92 : ((n + 0.055) / 1.055) ** 2.4);
                return 0.2126 * r + 0.7152 * g + 0.0722 * b + 0.05;
            };
            const paper = light(getComputedStyle(document.body).backgroundColor);
            const ink = letters.map((letter) => light(getComputedStyle(letter).color));
            return ink.map((n) => Math.max(n, paper) / Math.min(n, paper));
        }"""
    )
    assert len(contrasts) == len(colours)
    assert min(contrasts) >= 4.5, contrasts


def test_formulas_read_from_left_to_right_on_any_page(
    house: House, visit: Opener, thread: str
) -> None:
    house.post(thread, "أ $a<b$\n\n$$c<d$$")
    page = visit(house.page_of(thread))
    page.evaluate("document.documentElement.dir = 'rtl'")
    for first, second in (("a", "b"), ("c", "d")):
        boxes = [
            page.locator(".comments-body mi", has_text=name).bounding_box()
            for name in (first, second)
        ]
        assert boxes[0] is not None
        assert boxes[1] is not None
        assert boxes[0]["x"] < boxes[1]["x"]
