"""Mona at the dashboard in a real Chromium: by keyboard, in light and dark, on a small screen."""

from __future__ import annotations

import asyncio
import re
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Browser, BrowserContext, Locator, Page, expect

from comments_service.operations import deciding
from comments_service.operations.deciding import Ask
from tests.conftest import MONA, Clock, house_on
from tests.servers import Server

pytestmark = pytest.mark.browser

MONAS, PASSWORD = "mona@blog.example", "correct horse battery"
MALLORY = "<img src=x onerror=alert(1)>"
WIDE = "$$" + " + ".join(f"x_{{{n}}}" for n in range(60)) + "$$\n\n" + "w" * 500


async def _fill(folder: Path) -> None:
    """Fill the queue: olga is published and alice answers her, bob waits, mallory tries it all."""
    url = f"sqlite:///{folder}/comments.sqlite"
    async with house_on(url, folder, Clock(), moderation="first-time") as house:
        olga = (await house.post("What is $e$?", name="olga")).comment
        await deciding.decide(house.service, MONA, [Ask(olga.id, 1, "approve")])
        await house.post("A number.", name="bob")
        await house.post("It is *about* 2.72.", name="alice", to=olga, email="alice@blog.example")
        body, email = f"<script>alert(1)</script>\n\n{WIDE}", f"{'m' * 60}@evil.example"
        await house.post(body, name=MALLORY, email=email)


@dataclass(frozen=True)
class Running:
    """A server, and the link it printed for the first moderator."""

    url: str
    invitation: str


@pytest.fixture
def running(tmp_path: Path) -> Iterator[Running]:
    with ThreadPoolExecutor() as pool:  # Playwright keeps a loop in this thread
        pool.submit(asyncio.run, _fill(tmp_path)).result()
    with Server(tmp_path, MODERATION="first-time") as server:
        printed = re.search(r"First moderator: (\S+)", server.log.read_text("utf-8"))
        assert printed
        yield Running(server.url, printed[1])


def _page(context: BrowserContext) -> tuple[Page, list[str]]:
    """A page, and what its console complains about.

    Where mona presses Tab sooner than a page moves the focus, hers counts: that is no complaint.
    """
    page, complaints = context.new_page(), list[str]()

    def hear(said: str) -> None:
        if not said.startswith("Autofocus"):
            complaints.append(said)

    page.on("console", lambda message: hear(message.text))
    page.on("dialog", lambda dialog: (hear("dialog"), dialog.dismiss()))
    return page, complaints


def _enter(page: Page, running: Running) -> None:
    page.goto(running.invitation)
    expect(page.get_by_label("E-mail")).to_be_focused()
    page.keyboard.type(MONAS)
    page.keyboard.press("Tab")
    page.keyboard.type(PASSWORD)
    page.keyboard.press("Enter")
    expect(page.get_by_role("heading", name="Pending")).to_be_visible()


def _press(page: Page, target: Locator, key: str = "Enter") -> None:
    """Reach something by Tab alone, see that the focus shows, and press it."""
    target.wait_for()
    for _ in range(80):
        page.keyboard.press("Tab")
        if target.evaluate("element => element === document.activeElement"):
            break
    expect(target).to_be_focused()
    assert target.evaluate("element => getComputedStyle(element).outlineStyle") == "solid"
    page.keyboard.press(key)


def _told(page: Page, text: str) -> None:
    expect(page.get_by_role("status")).to_contain_text(text)


def test_mona_moderates_with_the_keyboard_and_without_scripts(
    browser: Browser, running: Running
) -> None:
    with browser.new_context(java_script_enabled=False) as context:
        page, complaints = _page(context)
        _enter(page, running)
        [cookie] = context.cookies()
        assert cookie["name"] == "__Host-comments"
        assert cookie["secure"] and cookie["httpOnly"] and cookie["sameSite"] == "Lax"
        bob = page.locator("article", has=page.get_by_role("heading", name="bob"))
        for action, sentence, tab, status in [
            ("Approve", "Approved.", "Approved", "approved"),
            ("Hold", "Held.", "Pending", "pending"),
            ("Mark as spam", "Marked as spam.", "Spam", "spam"),
            ("Delete", "Deleted.", "Trash", "deleted"),
            ("Restore", "Restored: now pending.", "Pending", "pending"),
        ]:
            _press(page, bob.get_by_role("button", name=action), "Space")
            _told(page, sentence)
            expect(bob).to_have_count(0)
            _press(page, page.get_by_role("link", name=re.compile(f"^{tab}")))
            expect(bob.locator(".comments-state")).to_contain_text(status)
        _press(page, bob.get_by_role("button", name="Approve"))
        _press(page, page.get_by_role("button", name="Undo"))
        _told(page, "Taken back: now pending.")
        _press(page, page.get_by_role("link", name="Log", exact=True))
        expect(page.locator("tbody tr")).to_have_count(10)  # and she joined, and signed in
        _press(page, page.get_by_role("button", name="Sign out"))
        expect(page.get_by_role("heading", name="Sign in")).to_be_visible()
        assert context.cookies() == []
        assert complaints == []


def test_enter_in_a_reason_decides_nothing_and_ticked_ones_go_together(
    browser: Browser, running: Running
) -> None:
    with browser.new_context(java_script_enabled=False) as context:
        page, complaints = _page(context)
        _enter(page, running)
        page.get_by_label("Reason (optional)").first.fill("bought words")
        page.keyboard.press("Enter")
        expect(page.get_by_label("Reason (optional)").first).to_have_value("bought words")
        expect(page.locator("article")).to_have_count(3)
        for name in ("alice", MALLORY):
            _press(page, page.get_by_label(f"Tick the comment by {name}", exact=True), "Space")
        _press(page, page.get_by_role("button", name="Reject: all that are ticked"))
        _told(page, "Rejected: 2 comments.")
        expect(page.locator("article")).to_have_count(1)
        assert complaints == []


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("width", [320, 1200])
def test_every_page_is_accessible_and_fits(
    browser: Browser, running: Running, scheme: str, width: int
) -> None:
    size = {"width": width, "height": 640}
    with browser.new_context(color_scheme=scheme, viewport=size) as context:  # type: ignore[arg-type]
        page, complaints = _page(context)
        page.goto(running.invitation)
        fits(page)
        page.goto(f"{running.url}/dashboard/")
        fits(page)
        _enter(page, running)
        page.locator("summary").first.click()
        page.get_by_label("Tick the comment by alice").check()
        fits(page)
        bob = page.locator("article", has=page.get_by_role("heading", name="bob"))
        bob.locator(".comments-more > summary").click()
        bob.get_by_label("Your reply").wait_for()
        fits(page)
        page.keyboard.press("?")
        page.get_by_role("dialog").wait_for()
        fits(page)
        page.keyboard.press("Escape")
        bob.get_by_role("button", name="Approve", exact=True).click()
        _told(page, "Approved")
        fits(page)
        page.get_by_text("Filter", exact=True).click()
        fits(page)
        number = bob.get_attribute("data-id")
        for path in (
            f"queue?id={number}", "log", "queue?status=spam", "queue?status=all&q=nothing",
            "stats?site=blog&days=7", "sites", "sites/blog", "sites/blog/snippet",
            "all?status=all", "queue?status=nonsense", "setup?invitation=used",
        ):  # fmt: skip
            page.goto(f"{running.url}/dashboard/{path}")
            fits(page)
        assert [text for text in complaints if "status of 4" not in text] == []


def test_mona_copies_the_snippet_that_she_sees_at_work(browser: Browser, running: Running) -> None:
    granted = ["clipboard-read", "clipboard-write"]
    with browser.new_context(permissions=granted) as context:
        page, complaints = _page(context)
        _enter(page, running)
        page.goto(f"{running.url}/dashboard/sites/blog/snippet")
        page.get_by_label("Language").first.select_option("de")
        page.get_by_label("Order").select_option("newest")
        page.get_by_role("button", name="Show the code").click()
        expect(page.get_by_label("Order")).to_have_value("newest")
        _press(page, page.get_by_role("button", name="Copy"))
        _told(page, "Copied.")
        copied = page.evaluate("navigator.clipboard.readText()")
        assert copied.replace("\r", "") == (
            f'<script type="module" src="{running.url}/static/embed.js"></script>\n'
            '<comment-thread site="blog" lang="de" order="newest"></comment-thread>\n'
        )
        page.locator("iframe").scroll_into_view_if_needed()
        example = page.frame_locator("iframe")
        expect(example.get_by_role("heading", name="1 Kommentar")).to_be_visible()
        assert complaints == []


def fits(page: Page) -> None:
    """See that a page has no fault axe knows of, does not scroll sideways, and is easy to press."""
    found = Axe().run(page)
    assert found.violations_count == 0, found.generate_report()
    width, inner = page.evaluate("[document.documentElement.scrollWidth, innerWidth]")
    assert width <= inner, page.url
    small = page.evaluate(
        """[...document.querySelectorAll("a, button, input, select, summary")]
            .filter(element => !element.closest(".comments-text"))
            .map(element => [element.outerHTML, (element.closest("label") ?? element).getBoundingClientRect()])
            .filter(([, box]) => box.width && (box.width < 44 || box.height < 44))
            .map(([html]) => html)"""
    )
    assert small == []
