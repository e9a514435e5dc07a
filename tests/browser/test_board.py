"""Mona clears a queue by keys; what olga does meanwhile, and what is refused, is shown in its place."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from playwright.sync_api import Browser, BrowserContext, Locator, expect

from comments_service.operations import accounts
from tests.conftest import Clock, house_on
from tests.servers import Server

pytestmark = pytest.mark.browser

MONAS, OLGAS, PASSWORD = "mona@blog.example", "olga@blog.example", "correct horse battery"
WAITING = 40  # more than a page of the queue
TELLING = 11  # of them name the lemma


async def _fill(folder: Path) -> None:
    url = f"sqlite:///{folder}/comments.sqlite"
    async with house_on(url, folder, Clock(), moderation="first-time") as house:
        for email in (MONAS, OLGAS):
            await accounts.add(house.service, email, PASSWORD)
        for number in range(WAITING):
            lemma = "By the lemma." * (number < TELLING)
            await house.post(f"No {number}: $x_{{{number}}}$ 当。{lemma}", name=f"writer {number}")


class Desk:
    """A moderator in front of the dashboard; what the console complains of is kept."""

    def __init__(self, context: BrowserContext, url: str) -> None:
        self.page, self.url = context.new_page(), url
        self.complaints: list[str] = []
        self.page.on("pageerror", lambda error: self.complaints.append(str(error)))
        self.page.on("console", self._hear)

    def _hear(self, message: object) -> None:
        text = str(getattr(message, "text", message))
        if "Security Policy" in text or "TrustedHTML" in text:
            self.complaints.append(text)

    def sign_in(self, email: str) -> None:
        self.page.goto(f"{self.url}/dashboard/login")
        self.page.get_by_label("E-mail").fill(email)
        self.page.get_by_label("Password").fill(PASSWORD)
        self.page.get_by_role("button", name="Sign in").click()
        self.page.get_by_role("heading", name="Pending").wait_for()
        self.ready()

    def ready(self) -> None:
        """Wait until the script is at work."""
        self.page.locator("main[data-ready]").wait_for()

    def card(self, number: int) -> Locator:
        return self.page.locator(
            ".comments-card",
            has=self.page.get_by_role("heading", name=f"writer {number}", exact=True),
        )

    def press(self, *keys: str) -> None:
        for key in keys:
            self.page.keyboard.press(key)

    def toast(self) -> Locator:
        return self.page.locator("[data-toast]")

    def count(self, queue: str) -> Locator:
        return self.page.locator(f"[data-count={queue}]")


@pytest.fixture
def url(tmp_path: Path) -> Iterator[str]:
    with ThreadPoolExecutor() as pool:  # Playwright keeps a loop in this thread
        pool.submit(asyncio.run, _fill(tmp_path)).result()
    with Server(tmp_path, MODERATION="first-time") as server:
        yield server.url


@pytest.fixture
def mona(browser: Browser, url: str) -> Iterator[Desk]:
    with browser.new_context() as context:
        context.set_default_timeout(10_000)
        desk = Desk(context, url)
        desk.sign_in(MONAS)
        yield desk
        assert desk.complaints == []


def test_a_queue_is_cleared_by_keys_past_its_first_page(mona: Desk) -> None:
    mona.press("j")
    for number in range(WAITING - 1, -1, -1):
        expect(mona.card(number)).to_be_focused()
        mona.press("s" if number % 3 == 0 else "a")
    expect(mona.count("pending")).to_have_text("0")
    expect(mona.page.locator(".comments-card:not([data-done])")).to_have_count(0)
    mona.page.reload()
    expect(mona.page.get_by_text("Nothing waits. All is decided.")).to_be_visible()
    expect(mona.count("spam")).to_have_text("14")


def test_what_is_decided_keeps_its_place_and_is_taken_back_by_z(mona: Desk) -> None:
    last = WAITING - 1
    mona.press("j")
    where = mona.card(last - 5).bounding_box()
    mona.press("d")
    expect(mona.card(last)).to_contain_text("Deleted.")
    expect(mona.toast()).to_contain_text("Deleted.")
    expect(mona.card(last - 1)).to_be_focused()
    mona.page.evaluate("scrollTo(0, 0)")
    now = mona.card(last - 5).bounding_box()
    assert where and now and abs(where["height"] - now["height"]) < 1
    mona.press("z")
    expect(mona.toast()).to_have_text("Taken back.")
    expect(mona.card(last)).to_be_focused()
    expect(mona.card(last)).not_to_contain_text("Deleted.")
    mona.press("a")
    expect(mona.card(last)).to_contain_text("Approved.")


def test_a_range_is_ticked_and_decided_at_once_with_shift(mona: Desk) -> None:
    last = WAITING - 1
    mona.press("j", "x", "j", "j", "j", "Shift+X")
    expect(mona.page.locator(".comments-tick:checked")).to_have_count(4)
    expect(mona.page.get_by_text("Ticked: 4")).to_be_visible()
    mona.press("Shift+S")
    expect(mona.page.locator("[data-done]")).to_have_count(4)
    expect(mona.card(last - 4)).to_be_focused()
    expect(mona.count("pending")).to_have_text(str(WAITING - 4))
    mona.toast().get_by_role("button", name="Undo").click()
    expect(mona.page.locator("[data-done]")).to_have_count(0)
    expect(mona.count("pending")).to_have_text(str(WAITING))


def test_keys_do_nothing_while_somebody_types_and_can_be_changed_and_switched_off(
    mona: Desk,
) -> None:
    page, last = mona.page, WAITING - 1
    mona.press("/")
    expect(page.get_by_role("searchbox")).to_be_focused()
    page.keyboard.type("ads")
    page.keyboard.press("Escape")
    page.evaluate(
        """document.body.dispatchEvent(new KeyboardEvent("keydown",
            {key: "a", isComposing: true, bubbles: true}))"""
    )
    mona.press("j")
    expect(page.locator("[data-done]")).to_have_count(0)
    mona.press("?")
    page.get_by_label("Approve", exact=True).fill("y")
    mona.press("Escape", "a")
    expect(page.locator("[data-done]")).to_have_count(0)
    page.reload()
    mona.ready()
    mona.press("j", "y")
    expect(mona.card(last)).to_contain_text("Approved.")
    page.get_by_role("button", name="Keys").click()
    page.get_by_label("Keys are on").uncheck()
    page.get_by_role("button", name="Close").click()
    mona.press("j", "y", "s")
    expect(page.locator("[data-done]")).to_have_count(1)


def test_g_and_a_letter_lead_to_a_queue(mona: Desk) -> None:
    for letter, heading in (("s", "Spam"), ("t", "Trash"), ("l", "Log")):
        mona.page.goto(f"{mona.url}/dashboard/queue")
        mona.ready()
        mona.press("g", letter)
        expect(mona.page.get_by_role("heading", name=heading)).to_be_visible()


def test_reply_and_edit_are_written_in_place(mona: Desk) -> None:
    last, page = WAITING - 1, mona.page
    mona.press("j", "r")
    expect(mona.card(last).get_by_label("Your reply")).to_be_focused()
    page.keyboard.type("Thanks, $y$!")
    mona.card(last).get_by_role("button", name="Approve and reply").click()
    expect(mona.toast()).to_contain_text("Your reply is published.")
    expect(mona.card(last - 1)).to_be_focused()
    mona.press("e")
    field = mona.card(last - 1).get_by_label("What the comment says")
    expect(field).to_be_focused()
    page.keyboard.type(" And more.")
    mona.card(last - 1).get_by_role("button", name="Save").click()
    expect(mona.card(last - 1).locator(".comments-body")).to_contain_text("And more.")
    page.goto(f"{mona.url}/dashboard/queue?status=approved")
    expect(page.locator(".comments-card", has_text="Thanks,").first).to_contain_text("moderator")


def test_what_olga_does_is_shown_where_mona_looks(browser: Browser, mona: Desk) -> None:
    last = WAITING - 1
    mona.press("j")
    with browser.new_context() as context:
        olga = Desk(context, mona.url)
        olga.sign_in(OLGAS)
        expect(olga.card(last)).to_contain_text(f"{MONAS} is looking at this")
        olga.press("j", "j", "s")
        expect(olga.card(last - 1)).to_contain_text("Marked as spam.")
        expect(mona.card(last - 1)).to_contain_text(f"Marked as spam by {OLGAS}")
        olga.press("z")
        expect(mona.card(last - 1)).to_contain_text("It changed meanwhile.")
        mona.card(last - 1).get_by_role("button", name="Load it again").click()
        expect(mona.card(last - 1)).not_to_contain_text("It changed meanwhile.")
        assert olga.complaints == []


def test_a_stale_decision_overwrites_nothing(browser: Browser, mona: Desk) -> None:
    last = WAITING - 1
    mona.page.route("**/events*", lambda route: route.abort())
    mona.page.reload()
    mona.ready()
    with browser.new_context() as context:
        olga = Desk(context, mona.url)
        olga.sign_in(OLGAS)
        olga.press("j", "s")
        expect(olga.toast()).to_contain_text("Marked as spam.")
    mona.press("j", "a")
    expect(mona.card(last)).to_contain_text(f"Somebody was first: now spam, by {OLGAS}, ")
    mona.page.goto(f"{mona.url}/dashboard/queue?status=spam")
    expect(mona.card(last)).to_be_visible()


def test_new_comments_wait_behind_a_line_and_move_nothing(mona: Desk) -> None:
    import urllib.request

    body = b"thread=/late&name=late&body=Late+words"
    site = f"{mona.url}/api/v1/sites/blog/comments"
    headers = {"Content-Type": "application/x-www-form-urlencoded"}
    top = mona.page.locator(".comments-card").first.get_attribute("data-id")
    urllib.request.urlopen(urllib.request.Request(site, body, headers), timeout=10).close()
    line = mona.page.get_by_role("link", name="New comments wait: 1")
    expect(line).to_be_visible()
    assert mona.page.locator(".comments-card").first.get_attribute("data-id") == top
    line.click()
    expect(mona.page.locator(".comments-card").first).to_contain_text("Late words")


def test_without_a_connection_nothing_is_decided_and_all_can_be_tried_again(mona: Desk) -> None:
    last = WAITING - 1
    mona.press("j")
    mona.page.route("**/decisions", lambda route: route.abort())
    mona.press("s")
    expect(mona.toast()).to_contain_text("Nothing was decided.")
    expect(mona.card(last)).to_be_focused()
    mona.page.unroute("**/decisions")
    mona.press("s")
    expect(mona.card(last)).to_contain_text("Marked as spam.")


def test_all_that_match_are_decided_on_with_a_count_first(mona: Desk) -> None:
    page = mona.page
    page.goto(f"{mona.url}/dashboard/queue?status=pending&q=lemma")
    page.get_by_role("link", name="Decide on all that match").click()
    expect(page.get_by_text(f"{TELLING} comments match as of now")).to_be_visible()
    page.get_by_role("button", name="Mark as spam").click()
    expect(page.get_by_text(f"Marked as spam: {TELLING} comments.")).to_be_visible()
    page.get_by_role("button", name="Undo all of them").click()
    expect(page.get_by_text(f"Taken back: {TELLING} comments.")).to_be_visible()


def test_a_filter_is_saved_under_a_name_and_forgotten(mona: Desk) -> None:
    page = mona.page
    page.goto(f"{mona.url}/dashboard/queue?status=pending&q=lemma")
    page.get_by_label("Name of this filter").fill("二号")
    page.get_by_role("button", name="Save the filter").click()
    page.get_by_role("link", name="二号").click()
    expect(page.locator(".comments-card")).to_have_count(TELLING)
    page.get_by_role("button", name="Forget the filter 二号").click()
    expect(page.get_by_role("link", name="二号")).to_have_count(0)


def test_swiping_decides_as_the_buttons_do(browser: Browser, url: str) -> None:
    size = {"width": 320, "height": 640}
    with browser.new_context(has_touch=True, viewport=size, is_mobile=True) as context:  # type: ignore[arg-type]
        desk = Desk(context, url)
        desk.sign_in(MONAS)
        for number, way, sentence in ((39, 200, "Approved."), (38, -200, "Marked as spam.")):
            card = desk.card(number)
            card.scroll_into_view_if_needed()
            card.locator("h2").evaluate(SWIPE, way)
            expect(card).to_contain_text(sentence)
        assert desk.complaints == []


SWIPE = """(element, way) => {
  const from = { pointerType: "touch", pointerId: 1, bubbles: true, clientX: 160, clientY: 300 };
  element.dispatchEvent(new PointerEvent("pointerdown", from));
  element.dispatchEvent(new PointerEvent("pointermove", { ...from, clientX: 160 + way }));
  element.dispatchEvent(new PointerEvent("pointerup", { ...from, clientX: 160 + way }));
}"""


def test_the_dashboard_speaks_chinese(mona: Desk) -> None:
    page = mona.page
    page.get_by_label("Language").select_option("zh-Hans")
    page.get_by_role("button", name="Change").click()
    expect(page.get_by_role("heading", name="待审")).to_be_visible()
    assert page.evaluate("document.documentElement.lang") == "zh-Hans"
    mona.press("j", "s")
    expect(mona.toast()).to_contain_text("已标为垃圾。")
