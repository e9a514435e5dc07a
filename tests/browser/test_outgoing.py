"""What leaves the house, in a real Chromium: alice is told of an answer, olga makes a webhook without scripts."""

from __future__ import annotations

import re
import time
from collections.abc import Iterator
from email import message_from_bytes
from email.message import EmailMessage
from email.policy import default as modern
from pathlib import Path
from typing import Any

import pytest
from aiosmtpd.controller import Controller
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Browser, Page, expect

from tests.browser.conftest import House, Opener
from tests.browser.test_dashboard import fits
from tests.browser.test_thread import press, write
from tests.people import PASSWORD
from tests.receivers import links_in, text_of
from tests.servers import PATIENCE, free_port

pytestmark = pytest.mark.browser

ALICE, OLGA = "alice@a.example", "olga@blog.example"


class Box(Controller):
    """A mail server in a thread of its own."""

    def __init__(self) -> None:
        self.messages: list[EmailMessage] = []
        super().__init__(self, hostname="127.0.0.1", port=free_port())

    async def handle_DATA(self, server: Any, session: Any, envelope: Any) -> str:  # noqa: N802
        message = message_from_bytes(envelope.content, policy=modern)
        assert isinstance(message, EmailMessage)
        self.messages.append(message)
        return "250 OK"

    def got(self, number: int) -> EmailMessage:
        """Wait until so many mails have come, and return the last of them."""
        deadline = time.monotonic() + PATIENCE
        while len(self.messages) < number:
            assert time.monotonic() < deadline, "no mail came"
            time.sleep(0.02)
        return self.messages[number - 1]


@pytest.fixture(scope="module")
def box() -> Iterator[Box]:
    started = Box()
    started.start()
    yield started
    started.stop()


@pytest.fixture(scope="module")
def mailing(tmp_path_factory: pytest.TempPathFactory, box: Box) -> Iterator[House]:
    """A house that sends mail."""
    folder: Path = tmp_path_factory.mktemp("mailing")
    mail = {"SMTP_URL": f"smtp://127.0.0.1:{box.port}", "MAIL_FROM": "comments@blog.example"}
    opened = House(folder, NOTICE_DELAY="0", **mail)
    yield opened
    opened.stop()


def test_alice_asks_on_the_page_confirms_by_mail_and_is_told(
    mailing: House, visit: Opener, box: Box, thread: str
) -> None:
    page = visit(f"{mailing.host.url}{thread}")
    page.get_by_label("Mail me replies").check()
    write(page, "alice", "Is $x=1$?")
    press(page)
    expect(page.locator("#comments-email-error")).to_contain_text("untick the box")
    page.get_by_label("E-mail").fill(ALICE)
    press(page)
    mine = page.locator("article.comments-item, [id^=comment-]").filter(has_text="Is").first
    number = mine.get_attribute("id")
    assert number
    page.goto(mailing.url + links_in(box.got(1), "confirm")[0])
    for scheme, width in (("light", 1200), ("dark", 320)):
        page.emulate_media(color_scheme=scheme)  # type: ignore[arg-type]
        page.set_viewport_size({"width": width, "height": 700})
        faultless(page)
    page.get_by_role("button", name="Yes, mail me replies").click()
    expect(page.get_by_role("status")).to_contain_text("You get mail")
    mailing.post(thread, "Yes.", "bob", parent_id=number.removeprefix("comment-"))
    told = box.got(2)
    assert "> Yes." in text_of(told) and told["To"] == ALICE
    page.goto(mailing.url + links_in(told, "stop")[0])
    faultless(page)
    page.get_by_role("button", name="Nothing more about this page").click()
    expect(page.get_by_role("status")).to_contain_text("no more mail about this page")
    faultless(page)


def faultless(page: Page) -> None:
    """See that axe finds no fault in a page, and that it does not scroll sideways."""
    found = Axe().run(page)
    assert found.violations_count == 0, found.generate_report()
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth"), page.url


def test_olga_looks_after_what_leaves_without_scripts(mailing: House, browser: Browser) -> None:
    printed = re.search(r"First moderator: (\S+)", mailing.server.log.read_text("utf-8"))
    assert printed
    with browser.new_context(java_script_enabled=False) as context:
        page = context.new_page()
        page.goto(printed[1])
        page.get_by_label("E-mail").fill(OLGA)
        page.get_by_label("Password").fill(PASSWORD)
        page.keyboard.press("Enter")
        page.get_by_role("link", name="Manage").click()
        page.get_by_role("link", name="Webhooks").click()
        page.get_by_label("Address").fill("http://127.0.0.1:9999/hook")
        page.get_by_role("button", name="Make the webhook").click()
        expect(page.get_by_label("The new key")).to_have_value(re.compile("^whsec_"))
        page.get_by_role("button", name="Send a test").click()
        expect(page.get_by_role("status")).to_contain_text("on its way")
        page.get_by_role("link", name="Outbox").click()
        refused(page)
        page.get_by_role("link", name=OLGA).click()
        page.get_by_role("link", name="Your mail").click()
        page.get_by_label("How often").first.select_option("once an hour")
        page.get_by_role("button", name="Keep this").click()
        expect(page.get_by_role("status")).to_contain_text("That is kept")
        state = context.storage_state()
    with browser.new_context(storage_state=state) as context:  # axe is a script
        page = context.new_page()
        for scheme, width in (("light", 1200), ("dark", 320)):
            page.emulate_media(color_scheme=scheme)  # type: ignore[arg-type]
            page.set_viewport_size({"width": width, "height": 700})
            for path in ("webhooks", "outbox", "mail"):
                page.goto(f"{mailing.url}/dashboard/{path}")
                fits(page)
            page.goto(f"{mailing.url}/dashboard/webhooks")
            page.get_by_role("link", name="http://127.0.0.1:9999/hook").click()
            fits(page)


def refused(page: Page) -> None:
    """See that a call into the own network became undeliverable at once."""
    deadline = time.monotonic() + PATIENCE
    while not page.get_by_text("What was answered").count():
        assert time.monotonic() < deadline
        page.reload()
    page.get_by_text("What was answered").first.click()
    expect(page.get_by_text("not a public address")).to_be_visible()
