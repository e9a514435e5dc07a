"""Mona at the dashboard in a real Chromium: by keyboard, in light and dark, on a small screen."""

from __future__ import annotations

import asyncio
import re
import socket
import threading
from collections.abc import Iterator
from pathlib import Path
from queue import Queue

import pytest
import uvicorn
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Browser, BrowserContext, Locator, Page, expect

from comments_service import app as wiring
from comments_service import server
from comments_service.operations import entering, moderating
from comments_service.operations.moderating import Ask
from tests.conftest import MONA, Clock, House, house_on

pytestmark = pytest.mark.browser

MONAS, PASSWORD = "mona@blog.example", "correct horse battery"
MALLORY = "<img src=x onerror=alert(1)>"
WIDE = "$$" + " + ".join(f"x_{{{n}}}" for n in range(60)) + "$$\n\n" + "w" * 500


async def _said(house: House) -> None:
    """Fill the queue: olga is published and alice answers her, bob waits, mallory tries it all."""
    olga = (await house.post("What is $e$?", name="olga")).comment
    await moderating.decide(house.service, MONA, [Ask(olga.id, 1, "approve")])
    await house.post("A number.", name="bob")
    await house.post("It is *about* 2.72.", name="alice", to=olga, email="alice@blog.example")
    body, email = f"<script>alert(1)</script>\n\n{WIDE}", f"{'m' * 60}@evil.example"
    await house.post(body, name=MALLORY, email=email)


class Running:
    """The service on a free port, in a thread of its own."""

    def __init__(self, folder: Path) -> None:
        self._folder, self._ready = folder, Queue[str]()
        self._server: uvicorn.Server | None = None
        self._thread = threading.Thread(target=lambda: asyncio.run(self._serve()))

    async def _serve(self) -> None:
        listening = socket.create_server(("127.0.0.1", 0))
        self.url = f"http://127.0.0.1:{listening.getsockname()[1]}"
        database, mode = f"sqlite:///{self._folder}/comments.sqlite", {"moderation": "first-time"}
        clock = Clock()
        async with house_on(database, self._folder, clock, base_url=self.url, **mode) as house:
            await _said(house)
            invitation = await entering.invite_first(house.service)
            self._server = server.make(wiring.build(house.service), house.service.settings)
            self._ready.put(f"{self.url}/dashboard/setup?invitation={invitation}")
            await self._server.serve(sockets=[listening])

    def __enter__(self) -> Running:
        self._thread.start()
        self.invitation = self._ready.get(timeout=30)
        return self

    def __exit__(self, *_: object) -> None:
        assert self._server is not None
        self._server.should_exit = True
        self._thread.join(timeout=30)


@pytest.fixture
def running(tmp_path: Path) -> Iterator[Running]:
    with Running(tmp_path) as started:
        yield started


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
    page.keyboard.type(MONAS)  # the first field has the focus
    page.keyboard.press("Tab")
    page.keyboard.type(PASSWORD)
    page.keyboard.press("Enter")
    expect(page.get_by_role("heading", name="Pending comments")).to_be_visible()


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
        for action, sentence, tab in [
            ("Approve", "Approved.", "Approved"), ("Hold", "Held.", "Pending"),
            ("Spam", "Marked as spam.", "Spam"), ("Delete", "Deleted.", "Deleted"),
            ("Restore", "Restored: now pending.", "Pending"),
        ]:  # fmt: skip
            _press(page, bob.get_by_role("button", name=action), "Space")
            _told(page, sentence)
            expect(bob).to_have_count(0)
            _press(page, page.get_by_role("link", name=re.compile(f"^{tab}")))
            expect(bob.locator(".comments-state")).to_contain_text(tab.lower())
        _press(page, page.get_by_role("link", name="Log"))
        expect(page.locator("tbody tr")).to_have_count(6)
        _press(page, page.get_by_role("button", name="Sign out"))
        expect(page.get_by_role("heading", name="Sign in")).to_be_visible()
        assert context.cookies() == []
        assert complaints == []


def test_enter_in_a_reason_decides_nothing_and_ticked_ones_go_together(
    browser: Browser, running: Running
) -> None:
    with browser.new_context() as context:
        page, complaints = _page(context)
        _enter(page, running)
        page.get_by_label("Reason (optional)").first.fill("bought words")
        page.keyboard.press("Enter")
        expect(page.get_by_label("Reason (optional)").first).to_have_value("bought words")
        expect(page.locator("article")).to_have_count(3)
        for name in ("alice", MALLORY):
            _press(page, page.get_by_label(f"Tick the comment by {name}", exact=True), "Space")
        _press(page, page.get_by_role("button", name="Reject all that are ticked"))
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
        _fits(page)
        page.goto(f"{running.url}/dashboard/")
        _fits(page)
        _enter(page, running)
        page.locator("summary").first.click()
        page.get_by_label("Tick the comment by alice").check()
        _fits(page)
        bob = page.locator("article", has=page.get_by_role("heading", name="bob"))
        bob.get_by_role("button", name="Approve").click()
        _told(page, "Approved")
        _fits(page)
        for path in ("log", "queue?status=spam", "queue?status=nonsense", "setup?invitation=used"):
            page.goto(f"{running.url}/dashboard/{path}")
            _fits(page)
        assert [text for text in complaints if "status of 4" not in text] == []


def _fits(page: Page) -> None:
    """See that a page has no fault axe knows of, does not scroll sideways, and is easy to press."""
    found = Axe().run(page)
    assert found.violations_count == 0, found.generate_report()
    width, inner = page.evaluate("[document.documentElement.scrollWidth, innerWidth]")
    assert width <= inner, page.url
    small = page.evaluate(
        """[...document.querySelectorAll("a, button, input, select, summary")]
            .filter(element => !element.closest(".comments-text"))
            .map(element => [element.outerHTML, element.getBoundingClientRect()])
            .filter(([, box]) => box.width && (box.width < 44 || box.height < 44))
            .map(([html]) => html)"""
    )
    assert small == []
