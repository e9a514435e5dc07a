"""What readers see of each other: votes, figures, and people for whom the host page vouches."""

from __future__ import annotations

import asyncio
import re
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from types import SimpleNamespace
from typing import Any

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Route, expect

from comments_service.core.policy import Policy
from comments_service.operations import maintaining
from tests.browser.conftest import House, Opener
from tests.browser.hosts import PAGE
from tests.browser.test_thread import press, write
from tests.conftest import Clock, house_on
from tests.servers import ROOT
from tests.web.test_votes import OLGA

pytestmark = pytest.mark.browser

KEY = "a key that the blog's server shares with the service"
RECIPE = (ROOT / "docs" / "embedding.md").read_text("utf-8").split("## People you know\n")[1]
SOFIA = SimpleNamespace(id=17, name="Sofia К. 苏", email="sofia@blog.example")

# --- Votes ---


def test_a_vote_is_given_kept_and_taken_back(house: House, visit: Opener, thread: str) -> None:
    alice = house.post(thread, "Let it be.")
    page = visit(f"{house.host.url}{thread}")
    button, said = page.get_by_role("button", name="Helpful"), page.get_by_role("status")
    expect(button).to_have_attribute("aria-pressed", "false")
    button.focus()
    page.keyboard.press("Enter")
    expect(said).to_have_text("Your vote is counted.")
    expect(button).to_have_text("Helpful 1")
    expect(button).to_have_attribute("aria-pressed", "true")
    expect(button).to_be_focused()
    page.reload()
    expect(button).to_have_text("Helpful 1")
    expect(button).to_have_attribute("aria-pressed", "true")
    assert page.context.cookies() == []

    other = visit(house.page_of(thread))
    expect(other.locator(".comments-vote")).to_have_attribute("aria-pressed", "false")
    other.locator(".comments-vote").click()
    expect(other.locator(".comments-vote")).to_have_text("Helpful 2")
    assert "voted" not in other.url

    button.click()
    expect(said).to_have_text("Your vote is taken back.")
    expect(page.locator(f"#comment-{alice} .comments-vote")).to_have_text("Helpful 1")
    page.reload()
    expect(button).to_have_attribute("aria-pressed", "false")


def test_a_vote_without_scripts(house: House, visit: Opener, thread: str) -> None:
    alice = house.post(thread, "Let it be.")
    page = visit(house.page_of(thread), scripts=False)
    button = page.get_by_role("button", name="Helpful")
    for pressed, text in (("true", "Helpful 1"), ("false", "Helpful")):
        button.click()
        expect(button).to_have_attribute("aria-pressed", pressed)
        expect(button).to_have_text(text)
        assert page.url.endswith(f"#comment-{alice}")


def test_one_votes_neither_on_ones_own_nor_into_the_void(
    house: House, visit: Opener, thread: str
) -> None:
    house.post(thread, "Let it be.")
    page = visit(f"{house.host.url}{thread}")
    write(page, "bob", "Why?")
    press(page)
    theirs, own = (page.locator(".comments-vote").nth(at) for at in (0, 1))
    expect(own).to_be_disabled()

    def refuse(route: Route) -> None:
        headers = {"Access-Control-Allow-Origin": "*"}
        route.fulfill(status=429, headers=headers, json={"detail": "Wait a little."})

    page.route("**/votes", refuse, times=1)
    theirs.click()
    expect(page.locator(".comments-actions .comments-error")).to_have_text("Wait a little.")
    expect(theirs).to_have_attribute("aria-pressed", "false")
    page.route("**/votes", lambda route: route.abort(), times=1)
    theirs.click()
    expect(page.get_by_role("status")).to_contain_text("could not be counted")
    theirs.click()
    expect(theirs).to_have_text("Helpful 1")
    expect(page.locator(".comments-actions .comments-error")).to_have_count(0)


# --- People for whom the host page vouches, as docs/embedding.md has it ---


@pytest.fixture(scope="module")
def vouched(tmp_path_factory: pytest.TempPathFactory) -> Iterator[House]:
    """A house whose site has a key in common with the blog's server."""
    folder = tmp_path_factory.mktemp("vouched")

    async def share_key() -> None:
        async with house_on(f"sqlite:///{folder}/comments.sqlite", folder, Clock()) as made:
            await maintaining.change_policy(made.service, OLGA, made.site, Policy(identity_key=KEY))

    with ThreadPoolExecutor() as pool:  # Playwright keeps a loop in this thread
        pool.submit(asyncio.run, share_key()).result()
    opened = House(folder)
    yield opened
    opened.stop()


def signer(later: float = 0) -> Callable[[Any], str]:
    """Return the function by which the recipe signs, on a server whose clock is wrong by some seconds."""
    code = re.search(r"```python\n(.*?)```", RECIPE, re.DOTALL)
    assert code
    names: dict[str, Any] = {"IDENTITY_KEY": KEY}
    exec(code[1], names)  # our own document
    time = names["time"]
    names["time"] = SimpleNamespace(time=lambda: time.time() + later)
    sign: Callable[[Any], str] = names["identity"]
    return sign


def serve(house: House, path: str, token: str, attributes: str = "") -> str:
    """Let the blog serve the recipe's page to somebody; return its address."""
    line = re.search(r"<comment-thread .*</comment-thread>", RECIPE)
    assert line
    filled = line[0].replace("{{ identity(user) }}", token)
    usual = PAGE.format(
        service=house.url, head="", article="<h1>A page</h1>", attributes=attributes
    )
    text = re.sub(
        r"<comment-thread.*</comment-thread>", filled.replace(">", f" {attributes}>", 1), usual
    )
    house.host.pages = {path: ("text/html", "", text)}
    return house.host.url + path


@pytest.mark.parametrize("attributes", ["", 'isolate="shadow"'])
def test_sofia_writes_under_the_name_that_the_page_vouches_for(
    vouched: House, visit: Opener, thread: str, attributes: str
) -> None:
    page = visit(serve(vouched, thread, signer()(SOFIA), attributes))
    expect(page.get_by_text(f"You write as {SOFIA.name}")).to_be_visible()
    for label in ("Name", "E-mail", "Website", "Remember me in this browser"):
        expect(page.get_by_label(label)).to_be_hidden()
    if not attributes:
        found = Axe().run(page)
        assert found.violations_count == 0, found.generate_report()
    page.get_by_label("Comment", exact=True).fill("Let it be.")
    press(page)
    expect(page.locator("article .comments-author")).to_have_text(SOFIA.name)
    expect(page.locator("article .comments-badge")).to_have_text("author")
    expect(page.get_by_text(f"You write as {SOFIA.name}")).to_be_visible()
    assert vouched.count(thread) == 1


def test_a_token_that_has_expired_is_said_and_nothing_is_lost(
    vouched: House, visit: Opener, thread: str
) -> None:
    page = visit(serve(vouched, thread, signer(later=-7200)(SOFIA)))
    page.get_by_label("Comment", exact=True).fill("Let it be.")
    press(page)
    expect(page.get_by_role("alert")).to_contain_text(
        "The page's token has expired. Load the page again."
    )
    serve(vouched, thread, signer()(SOFIA))
    page.reload()
    expect(page.get_by_label("Comment", exact=True)).to_have_value("Let it be.")
    press(page)
    expect(page.locator("article .comments-author")).to_have_text(SOFIA.name)
    assert vouched.count(thread) == 1


def test_a_page_hands_over_another_token_at_any_time(
    vouched: House, visit: Opener, thread: str
) -> None:
    page = visit(serve(vouched, thread, ""))
    expect(page.get_by_label("Name")).to_be_visible()
    hand = "(thread, token) => thread.setAttribute('identity', token)"
    embed, line = page.locator("comment-thread"), page.locator(".comments-vouched")
    for name in ("Sofia", "Сергей"):
        embed.evaluate(hand, signer()(SimpleNamespace(id=1, name=name, email="")))
        expect(line).to_have_text(f"You write as {name}")
        expect(page.get_by_label("Name")).to_be_hidden()
    embed.evaluate(hand, "no token")
    expect(line).to_have_count(0)
    page.get_by_label("Comment", exact=True).fill("Let it be.")
    press(page)
    expect(page.get_by_role("alert")).to_contain_text("its token is not valid")
    embed.evaluate(hand, "")
    write(page, "bob", "Let it be.")
    press(page)
    expect(page.locator("article .comments-author")).to_have_text("bob")
