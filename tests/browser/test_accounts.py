"""Accounts in a real Chromium: without scripts by keyboard, and on every size and in every colour."""

from __future__ import annotations

import re
from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, Page, expect

from comments_service.service import now
from tests.browser.test_dashboard import MALLORY, fits
from tests.conftest import Clock
from tests.people import PASSWORD, app_code
from tests.provider import CLIENT, SECRET, provider
from tests.servers import Server

pytestmark = pytest.mark.browser

OLGAS = "olga@blog.example"


class Now(Clock):
    """The time that the server has."""

    def __init__(self) -> None:
        self.now = now()


@pytest.fixture(scope="module")
def url(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """A service whose first owner is olga, and that knows an identity provider."""
    with provider() as idp:
        oidc = {"OIDC_ISSUER": idp.url, "OIDC_CLIENT_ID": CLIENT, "OIDC_CLIENT_SECRET": SECRET}
        with Server(tmp_path_factory.mktemp("accounts"), **oidc) as server:
            printed = re.search(r"First moderator: (\S+)", server.log.read_text("utf-8"))
            assert printed
            yield printed[1]


def path(url: str, name: str) -> str:
    return f"{url.split('/dashboard', maxsplit=1)[0]}/dashboard/{name}"


def sign_in(page: Page, url: str, email: str = OLGAS) -> None:
    page.goto(path(url, "login?next=/dashboard/account"))
    page.get_by_label("E-mail").fill(email)
    page.get_by_label("Password").fill(PASSWORD)
    page.keyboard.press("Enter")


def key_of(page: Page) -> str:
    return page.locator(".comments-key").inner_text().replace(" ", "")


def seen(page: Page) -> None:
    """See that everybody can use a page, small and dark, and large and light. (axe is a script.)"""
    if not getattr(page, "scripted", False):
        return
    for scheme, width in (("light", 1200), ("dark", 320)):
        page.emulate_media(color_scheme=scheme)  # type: ignore[arg-type]
        page.set_viewport_size({"width": width, "height": 700})
        fits(page)


@pytest.mark.parametrize("scripts", [False, True])
def test_a_whole_life_of_accounts(browser: Browser, url: str, scripts: bool) -> None:
    """Olga joins or signs in, takes a second factor, invites mallory, makes a token, and tidies up."""
    with browser.new_context(java_script_enabled=scripts) as context:
        page, complaints = context.new_page(), list[str]()
        page.scripted = scripts  # type: ignore[attr-defined]
        page.on("console", lambda said: complaints.append(said.text))
        page.on("dialog", lambda dialog: complaints.append("dialog"))
        page.goto(url)
        if page.get_by_role("heading", name="Become the first moderator").count():
            page.get_by_label("E-mail").fill(OLGAS)
            page.get_by_label("Password").fill(PASSWORD)
            page.keyboard.press("Enter")
            page.get_by_role("heading", name="Pending").wait_for()
            page.get_by_role("button", name="Sign out").click()
        page.goto(path(url, "login"))
        expect(page.get_by_role("link", name="Sign in with 127.0.0.1")).to_be_visible()
        seen(page)
        sign_in(page, url)
        page.get_by_role("link", name="Set up a second factor").click()
        page.get_by_role("img", name="QR code").wait_for()
        seen(page)
        key, clock = key_of(page), Now()
        page.get_by_label("Code that the app shows now").fill("000000")
        page.get_by_label("Your password").fill(PASSWORD)
        page.keyboard.press("Enter")
        expect(page.get_by_role("alert")).to_contain_text("This code is not right")
        seen(page)
        page.get_by_label("Code that the app shows now").fill(app_code(key, clock))
        page.get_by_label("Your password").fill(PASSWORD)
        page.keyboard.press("Enter")
        recovery = page.locator(".comments-codes code").first.inner_text()
        expect(page.locator(".comments-codes li")).to_have_count(10)
        seen(page)
        page.get_by_role("link", name="I have kept them").click()
        page.get_by_text("New recovery codes", exact=True).click()
        page.get_by_text("Switch off", exact=True).click()
        seen(page)
        page.get_by_role("button", name="Sign out").click()
        sign_in(page, url)
        page.get_by_role("heading", name="Second step").wait_for()
        seen(page)
        expect(page.get_by_label("Code")).to_be_focused()
        page.get_by_label("Code").fill(recovery)
        page.keyboard.press("Enter")
        expect(page.get_by_text("9 recovery codes are left.")).to_be_visible()
        _people(page, url)
        _tokens(page, url)
        page.goto(path(url, "log"))
        seen(page)
        page.goto(path(url, "account"))
        page.get_by_text("Switch off", exact=True).click()
        page.locator("#proof-off").fill("wrong")
        page.keyboard.press("Enter")
        expect(page.get_by_role("alert")).to_contain_text("neither your password nor a code")
        seen(page)
        page.locator("#proof-off").fill(PASSWORD)
        page.keyboard.press("Enter")
        expect(page.get_by_role("status")).to_contain_text("The second factor is off")
        assert [text for text in complaints if "status of 4" not in text] == []


def _people(page: Page, url: str) -> None:
    page.get_by_role("link", name="Manage").click()
    page.get_by_role("link", name="People").click()
    email = f"{'m' * 60}@evil.example"
    page.get_by_label("E-mail").fill(email)
    page.get_by_role("radio", name="Reader").check()
    page.get_by_role("button", name="Make the link").click()
    link = page.get_by_role("textbox", name="The link for").input_value()
    seen(page)
    with page.context.browser.new_context() as context:  # type: ignore[union-attr]
        mallory = context.new_page()
        mallory.scripted = page.scripted  # type: ignore[attr-defined]
        mallory.goto(link)
        seen(mallory)
        mallory.get_by_label("Password").fill(PASSWORD)
        mallory.keyboard.press("Enter")
        mallory.get_by_role("heading", name="Pending").wait_for()
        for name in ("Manage", "People"):
            expect(mallory.get_by_role("link", name=name)).to_have_count(0)
        mallory.goto(path(url, "people"))
        expect(mallory.get_by_role("alert")).to_contain_text("Your role does not allow this")
    page.get_by_role("link", name="People").click()
    page.get_by_text(f"Change {email}").click()
    page.get_by_text(f"Remove {email}").first.click()
    seen(page)
    page.get_by_role("button", name=f"Remove {email}").click()
    expect(page.get_by_role("status")).to_contain_text("The account is removed")


def _tokens(page: Page, url: str) -> None:
    page.get_by_role("link", name="Tokens").click()
    page.get_by_label("Name").fill(MALLORY)
    page.get_by_role("button", name="Make the token").click()
    expect(page.get_by_label("The new token")).to_have_value(re.compile(r"[\w-]{43}"))
    seen(page)
    page.get_by_role("button", name=f"Revoke {MALLORY}").click()
    expect(page.get_by_text("There are no tokens.")).to_be_visible()
