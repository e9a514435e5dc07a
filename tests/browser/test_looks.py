"""The demo page and a full thread for every eye: small, dark, coarse, and read by a machine."""

from __future__ import annotations

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Page, expect

from tests.browser.conftest import House, Opener

pytestmark = pytest.mark.browser

DEMO = "/archives/11390"


def overflow(page: Page) -> int:
    return int(page.evaluate("document.documentElement.scrollWidth - innerWidth"))


def deep(house: House, thread: str) -> str:
    """Nest replies past what is indented, with words that do not break and a long formula."""
    parent = None
    for level in range(9):
        body = f"{'a' * 90} $${'x+' * 60}x$$ `{'c' * 80}` {level}"
        parent = house.post(thread, body, "n" * 60, **({"parent_id": parent} if parent else {}))
    return house.page_of(thread)


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("width", [320, 1280])
def test_axe_finds_nothing(house: House, visit: Opener, scheme: str, width: int) -> None:
    query = "?comment-page=2&replyTo=17505"
    page = visit(
        f"{house.url}{DEMO}{query}", color_scheme=scheme, viewport={"width": width, "height": 800}
    )
    page.get_by_label("Website").fill("my page")
    page.get_by_role("button", name="Preview").click()
    page.get_by_role("button", name="Post comment").click()
    expect(page.locator("#comments-website-error")).to_be_visible()
    found = Axe().run(page)
    assert found.violations_count == 0, found.generate_report()


def test_axe_finds_nothing_on_the_threads_own_page(house: House, visit: Opener) -> None:
    page = visit(f"{house.url}/sites/demo/thread?thread={DEMO}&page=3&replyTo=1")
    found = Axe().run(page)
    assert found.violations_count == 0, found.generate_report()


def test_nothing_is_wider_than_a_small_phone(house: House, visit: Opener, thread: str) -> None:
    small = {"width": 320, "height": 640}
    for address in (deep(house, thread), f"{house.url}{DEMO}", f"{house.host.url}{thread}"):
        page = visit(address, viewport=small)
        page.locator("article").first.wait_for()
        assert overflow(page) <= 0, address


FINGERS = ".comments :is(button, .comments-pages a, .comments-actions a, summary, .comments-remember):visible"


def test_fingers_find_every_button(house: House, visit: Opener) -> None:
    phone = {"viewport": {"width": 360, "height": 640}, "has_touch": True, "is_mobile": True}
    page = visit(f"{house.url}{DEMO}", **phone)
    for target in page.locator(FINGERS).all():
        box = target.bounding_box()
        assert box
        assert box["height"] >= 44, target.inner_text()


# What pages say of all their elements, with the blog's own header and forms in mind.
THEME = """
html { font-size: 62.5%; } body { font-size: 2rem; }
header { position: fixed; top: 0; background: #333; color: #fff; }
nav { position: absolute; float: right; }
button { display: block; width: 100%; margin: 2rem 0; }
label { float: left; width: 8rem; }
input { width: 100%; height: 6rem; }
form { display: flex; max-width: 20rem; }
"""


def test_a_pages_rules_for_its_own_elements_stay_outside(
    house: House, visit: Opener, thread: str
) -> None:
    house.post(thread, "Let it be.")
    page = visit(f"{house.host.url}{thread}", viewport={"width": 400, "height": 800})
    page.add_style_tag(content=THEME)
    head = page.locator("article header")
    expect(head).to_have_css("position", "static")
    expect(head).to_have_css("color", "rgb(0, 0, 0)")
    wide = [page.get_by_label(name).bounding_box() for name in ("Name", "E-mail")]
    assert all(box and box["width"] > 300 for box in wide)
    box = page.get_by_label("Remember me").bounding_box()
    assert box
    assert box["width"] < 30
    buttons = [page.get_by_role("button", name=name) for name in ("Post comment", "Preview")]
    post, look = (button.bounding_box() for button in buttons)
    assert post
    assert look
    assert post["y"] == look["y"]
    assert overflow(page) <= 0


PRESSED_EVERYWHERE = """it => {
  const { left, right, top, bottom } = it.getBoundingClientRect();
  const middle = (top + bottom) / 2;
  return [left + 4, (left + right) / 2, right - 4].every((x) => document.elementFromPoint(x, middle) === it);
}"""


def test_what_arrives_covers_nothing_of_what_is_being_written(
    house: House, visit: Opener, thread: str
) -> None:
    page = visit(f"{house.host.url}{thread}", viewport={"width": 400, "height": 400})
    house.post(thread, "Let it be.")
    arrived = page.locator(".comments-arrived")
    expect(arrived).to_have_css("position", "sticky")
    expect(arrived).to_be_in_viewport()
    page.get_by_label("Name").focus()
    for name in ("Post comment", "Preview"):
        button = page.get_by_role("button", name=name)
        button.evaluate("it => it.scrollIntoView({ block: 'end' })")
        page.evaluate("scrollBy(0, 20)")  # to where the other one floats
        expect(arrived).to_be_in_viewport()
        assert button.evaluate(PRESSED_EVERYWHERE), name


def test_the_demo_shows_what_was_said_last(house: House, visit: Opener) -> None:
    page = visit(house.url)
    expect(page.get_by_role("heading", level=1)).to_have_text("n个正态随机数的最大值的渐近估计")
    page.locator(".demo-excerpt a").first.click()
    expect(page.locator("article.comments-marked")).to_be_in_viewport()
    assert page.url.startswith(f"{house.url}/archives/")
