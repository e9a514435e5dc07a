"""What goes wrong while mona works through a queue, and what she wrote there all the same."""

from __future__ import annotations

import re

import pytest
from playwright.sync_api import expect

from tests.browser.test_board import MONAS, PASSWORD, WAITING, Desk, mona, url

pytestmark = pytest.mark.browser
__all__ = ["mona", "url"]  # the fixtures

LAST = WAITING - 1


def test_a_reply_outlives_the_session_in_which_it_was_begun(mona: Desk) -> None:
    page, card = mona.page, mona.card(LAST)
    mona.press("j", "r")
    field = card.get_by_label("Your reply")
    expect(field).to_be_focused()
    page.keyboard.type("Take $n = 2$.")
    page.context.clear_cookies()
    card.get_by_role("button", name="Approve and reply").click()
    expect(mona.toast()).to_contain_text("You are signed out.")
    expect(field).to_have_value("Take $n = 2$.")
    with page.context.expect_page() as opened:
        mona.toast().get_by_role("link", name="Sign in").click()
    opened.value.get_by_label("E-mail").fill(MONAS)
    opened.value.get_by_label("Password").fill(PASSWORD)
    opened.value.get_by_role("button", name="Sign in").click()
    opened.value.get_by_role("heading", name="Pending").wait_for()
    card.get_by_role("button", name="Approve and reply").click()
    expect(mona.toast()).to_contain_text("Your reply is published.")
    expect(card).to_contain_text("Approved.")


def test_two_replies_to_one_comment(mona: Desk) -> None:
    page = mona.page
    mona.press("j", "a")
    expect(mona.toast()).to_contain_text("Approved.")
    page.goto(f"{mona.url}/dashboard/queue?status=approved")
    mona.ready()
    mona.press("j", "r")
    field = mona.card(LAST).get_by_label("Your reply")
    expect(field).to_be_focused()
    for words in ("First.", "Second."):
        field.fill(words)
        mona.card(LAST).get_by_role("button", name="Reply", exact=True).click()
        expect(field).to_have_value("")
    page.goto(f"{mona.url}/dashboard/queue?status=approved&q=Second")
    expect(page.locator(".comments-card")).to_have_count(1)


def test_a_reason_goes_along_with_a_key(mona: Desk) -> None:
    mona.press("j")
    mona.card(LAST).get_by_label("Reason (optional)").fill("bought words")
    mona.press("Escape", "s")
    expect(mona.toast()).to_contain_text("Marked as spam.")
    mona.page.goto(f"{mona.url}/dashboard/log")
    expect(mona.page.get_by_role("cell", name="bought words")).to_be_visible()


def test_an_edit_is_taken_back_by_z(mona: Desk) -> None:
    page, card = mona.page, mona.card(LAST)
    mona.press("j", "e")
    field = card.get_by_label("What the comment says")
    expect(field).to_be_focused()
    field.fill("Other words.")
    card.get_by_role("button", name="Save").click()
    expect(card.locator(".comments-body")).to_have_text("Other words.")
    expect(mona.toast()).to_contain_text("Edited.")
    mona.press("x")  # and it stands in the list as it did
    expect(page.locator(".comments-tick:checked")).to_have_count(1)
    mona.press("z")
    expect(mona.toast()).to_have_text("Taken back.")
    expect(card.locator(".comments-body")).to_contain_text(f"No {LAST}")


def test_a_key_held_down_decides_once(mona: Desk) -> None:
    mona.press("j")
    for _ in range(3):
        mona.page.keyboard.down("d")
    mona.page.keyboard.up("d")
    expect(mona.toast()).to_contain_text("Deleted.")
    expect(mona.page.locator("[data-done]")).to_have_count(1)
    expect(mona.count("pending")).to_have_text(str(LAST))


def test_j_leads_past_the_end_of_a_page(mona: Desk) -> None:
    mona.press("j")
    for number in range(LAST - 1, -1, -1):
        mona.press("j")
        expect(mona.card(number)).to_be_focused()


def test_a_range_is_ticked_by_the_mouse_with_shift(mona: Desk) -> None:
    page = mona.page
    mona.card(LAST).locator(".comments-tick").click()
    mona.card(LAST - 4).locator(".comments-tick").click(modifiers=["Shift"])
    expect(page.get_by_text("Ticked: 5")).to_be_visible()
    mona.card(LAST - 1).locator(".comments-tick").click(modifiers=["Shift"])
    expect(page.get_by_text("Ticked: 1")).to_be_visible()


def test_keys_can_be_switched_on_again_where_nothing_waits(mona: Desk) -> None:
    mona.page.goto(f"{mona.url}/dashboard/queue?status=deleted")
    mona.page.get_by_role("button", name="Keys").click()
    expect(mona.page.get_by_label("Keys are on")).to_be_checked()


def test_refusals_speak_the_language_of_the_page(mona: Desk) -> None:
    page = mona.page
    page.get_by_label("Language").select_option("zh-Hans")
    page.get_by_role("button", name="Change").click()
    mona.ready()
    mona.press("j", "e")
    field = mona.card(LAST).locator("[data-form=edit] textarea")
    expect(field).to_be_focused()
    field.fill(" ")
    mona.card(LAST).get_by_role("button", name="保存").click()
    expect(mona.toast()).to_contain_text(re.compile("[\u4e00-\u9fff]"))
    expect(field).to_have_value(" ")
