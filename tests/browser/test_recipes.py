"""Each recipe of docs/recipes.md, put into what such a program makes of a page, and opened."""

from __future__ import annotations

import re
from collections.abc import Mapping
from importlib import metadata
from pathlib import Path
from typing import NamedTuple

import pytest
from playwright.sync_api import Browser, expect

from tests.browser.conftest import House, Opener

pytestmark = pytest.mark.browser

ROOT = Path(__file__).parents[2]
PAGES = Path(__file__).parent / "recipes"
DOCUMENT = (ROOT / "docs" / "recipes.md").read_text("utf-8")
TYPESETTERS = {
    "/js/mathjax": ("django-static-mathjax", "mathjax/static/mathjax/es5"),
    "/js/katex": ("djangocms-katex", "djangocms_katex/static/djangocms_katex/vendor/katex"),
}


class Recipe(NamedTuple):
    """Where a page lives, what its program fills in, and what is read then."""

    heading: str
    path: str
    filled: Mapping[str, str]
    shown: str


RECIPES = {
    "mathjax": Recipe("Plain HTML with MathJax 3", "/primes", {}, "1 comment"),
    "katex": Recipe("Plain HTML with KaTeX", "/primes-2", {}, "1 comment"),
    "hugo": Recipe(
        "Hugo",
        "/posts/primes/",
        {"{{ .RelPermalink }}": "/posts/primes/", "{{ .Title }}": "Primzahlen"},
        "1 Kommentar",
    ),
    "hexo": Recipe(
        "Hexo",
        "/2026/11/06/primes/",
        {"<%= page.path %>": "2026/11/06/primes/", "<%= page.title %>": "素数"},
        "1 条评论",
    ),
    "jekyll": Recipe(
        "Jekyll",
        "/2026/11/06/premiers.html",
        {
            "{{ page.url }}": "/2026/11/06/premiers.html",
            "{{ page.title | escape }}": "Nombres premiers",
        },
        "1 commentaire",
    ),
    "mkdocs": Recipe(
        "MkDocs",
        "/primes-3/",
        {
            "{{ page.url }}": "primes-3/",
            "{{ page.title }}": "素数",
            '{{ lang.t("meta.comments") }}': "コメント",
        },
        "1件のコメント",
    ),
    "sphinx": Recipe(
        "Sphinx", "/notes/primes.html", {"{{ pagename }}": "notes/primes"}, "1 comment"
    ),
    "typecho": Recipe(
        "Typecho",
        "/archives/7782",
        {
            "<?php echo parse_url($this->permalink, PHP_URL_PATH); ?>": "/archives/7782",
            "<?php $this->title(); ?>": "素数",
        },
        "1 条评论",
    ),
}


def blocks(recipe: Recipe) -> list[str]:
    """Return the pieces of HTML that a recipe gives."""
    section = DOCUMENT.split(f"## {recipe.heading}\n")[1].split("\n## ")[0]
    return re.findall(r"```html\n(.*?)```", section, re.DOTALL)


def made(name: str, recipe: Recipe, service: str) -> str:
    """Return the page that a program makes with its recipe."""
    found = blocks(recipe)
    if name == "sphinx":  # its template has both pieces in their blocks
        found = [
            block.strip() for block in re.findall(r"super\(\) \}\}(.*?)\{%", found[0], re.DOTALL)
        ]
    usual = re.findall(r"```html\n(.*?)```", DOCUMENT, re.DOTALL)[0]
    head, body = found if len(found) == 2 else (usual, found[0])
    for template, text in recipe.filled.items():
        assert template in body
        body = body.replace(template, text)
    assert "{{" not in body and "<?" not in body and "<%" not in body
    page = (PAGES / f"{name}.html").read_text("utf-8")
    page = page.replace("<!-- head -->", head).replace("<!-- comments -->", body)
    return page.replace("https://comments.example", service)


@pytest.fixture(params=RECIPES)
def name(request: pytest.FixtureRequest) -> str:
    return str(request.param)


def serve(house: House, name: str) -> str:
    """Let the blog serve a recipe's page; return its address."""
    recipe = RECIPES[name]
    house.host.pages = {recipe.path: ("text/html", "", made(name, recipe, house.url))}
    house.host.folders = {
        prefix: Path(str(metadata.distribution(package).locate_file(folder)))
        for prefix, (package, folder) in TYPESETTERS.items()
    }
    return house.host.url + recipe.path


def key(name: str) -> str:
    found = re.search(r'<comment-thread[^>]* thread="([^"]*)"', made(name, RECIPES[name], ""))
    return found[1] if found else RECIPES[name].path


def test_a_recipe_shows_and_takes_comments(house: House, visit: Opener, name: str) -> None:
    house.post(key(name), "Let $\\frac{a}{b}$ be, by (1)式.")
    page = visit(serve(house, name), viewport={"width": 1000, "height": 800})
    expect(page.locator("#comments-title")).to_have_text(RECIPES[name].shown)
    expect(page.locator("article.comments-comment .comments-body")).to_be_visible()
    page.locator("#comments-name").fill("bob")
    page.locator("#comments-body").fill("From the page itself.")
    page.locator(".comments-post").click()
    expect(page.locator(".comments-marked")).to_be_focused()
    assert house.count(key(name)) == 2
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")


def test_a_recipe_works_without_scripts(house: House, browser: Browser, name: str) -> None:
    house.post(key(name), "Let it be.")
    page = browser.new_page(java_script_enabled=False)
    page.goto(serve(house, name))
    page.locator("comment-thread a").click()
    expect(page.locator("article.comments-comment").first).to_be_visible()
    page.close()


# --- What is special of one ---


def test_mathjax_draws_comments_and_knows_the_articles_equation(
    house: House, visit: Opener
) -> None:
    house.post("/primes", "Let $\\frac{a}{b}$ be, $5 or so, by (1)式.")
    page = visit(serve(house, "mathjax"))
    last = page.locator("article.comments-comment .comments-body").last
    expect(last.locator("mjx-container mjx-frac")).to_be_visible()
    expect(last).to_contain_text("$5 or so")
    expect(page.locator("body > mjx-container")).to_have_count(1)
    last.get_by_role("link", name="(1)").click()
    assert page.evaluate("location.hash") == "#mjx-eqn:eq:loss"
    page.locator("#comments-body").fill("$\\sqrt2$")
    page.get_by_role("button", name="Preview").click()
    expect(page.locator(".comments-preview mjx-sqrt")).to_be_visible()


def test_katex_draws_comments(house: House, visit: Opener) -> None:
    house.post("/primes-2", "Let $\\frac{a}{b}$ be, $5 or so.")
    page = visit(serve(house, "katex"))
    last = page.locator("article.comments-comment .comments-body").last
    expect(last.locator(".katex .mfrac")).to_be_visible()
    expect(last).to_contain_text("$5 or so")


def test_sphinx_lets_its_mathjax_draw_the_formulas_alone(house: House, visit: Opener) -> None:
    house.post("/notes/primes", "Let $\\frac{a}{b}$ be, \\\\(5\\\\).", "eve \\(x\\)")
    page = visit(serve(house, "sphinx"))
    expect(page.locator("article.comments-comment mjx-frac").last).to_be_visible()
    expect(page.locator(".math mjx-container")).to_have_count(2)
    expect(page.locator(".comments-author").last).to_have_text("eve \\(x\\)")


def test_material_tells_its_palette(house: House, visit: Opener) -> None:
    page = visit(serve(house, "mkdocs"))
    section = page.locator("section.comments")
    expect(section).to_have_css("color-scheme", "dark")
    page.evaluate("document.body.dataset.mdColorScheme = 'default'")
    expect(section).to_have_css("color-scheme", "light")


def test_old_links_of_typecho_lead_to_their_comments(house: House, visit: Opener) -> None:
    address = serve(house, "typecho")
    ids = [house.post("/archives/7782", f"第 {number} 楼") for number in range(1, 26)]
    old = visit(f"{address}/comment-page-2#comment-{ids[14]}")
    expect(old.locator(f"#comment-{ids[14]}.comments-marked")).to_be_in_viewport()
    assert old.url.startswith(f"{address}?comment-page=2#comment-")
    old.goto(f"{address}?replyTo={ids[0]}#respond-post-7782")
    expect(old.locator(f"#comment-{ids[0]} + form [name=parent_id]")).to_have_value(ids[0])
    old.goto(f"{address}?x#comment-{ids[24]}")
    expect(old.locator(f"#comment-{ids[24]}.comments-marked")).to_be_in_viewport()
    assert (PAGES.parents[2] / "deploy" / "nginx.conf").read_text("utf-8").count(RULE) == 1
    assert RULE in DOCUMENT


RULE = r"rewrite ^(/archives/\d+)/comment-page-(\d+)/?$ $1?comment-page=$2 permanent;"
