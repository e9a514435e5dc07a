"""For everybody: axe finds nothing in any state, light and dark, from left and from right; and other ways to read."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Page, expect

from tests.browser.conftest import House, Opener
from tests.browser.test_looks import overflow

pytestmark = pytest.mark.browser

# Words of the page in each language that is tried.
LANGUAGES = {
    "en": {"post": "Post comment", "look": "Preview", "edit": "Edit", "delete": "Delete"},
    "ar": {"post": "نشر التعليق", "look": "معاينة", "edit": "تعديل", "delete": "حذف"},
}
Judge = Callable[[str], None]


def judge_of(page: Page, seen: list[str]) -> Judge:
    def judge(state: str) -> None:
        found = Axe().run(page, options={"resultTypes": ["violations"]})
        assert found.violations_count == 0, f"{state}: {found.generate_report()}"
        assert overflow(page) <= 0, state
        seen.append(state)

    return judge


def conversation(house: House, thread: str) -> str:
    """Fill a thread with all that can stand in it; return the id of its root."""
    root = house.post(
        thread, "Let $\\frac{a}{b}<c$ be.\n\n$$\\int_0^1 f\\,dx$$\n\n> So `x`.", "أليس"
    )
    quote = f"> Let it be.\n>\n> — alice, {house.url}/c/{root}\n\n[Why](https://blog.example)?"
    above = root
    for level in range(8):
        above = house.post(
            thread, f"{quote} {level}", "bob", parent_id=above, website="https://b.example"
        )
    for number in range(12):
        house.post(thread, f"第 {number} 楼 | a | b\n\n| a | b |\n|---|---|\n| 1 | 2 |")
    return root


@pytest.mark.parametrize(
    ("lang", "scheme", "width"), [("en", "light", 1280), ("ar", "dark", 320), ("en", "dark", 760)]
)
def test_axe_finds_nothing_in_any_state(
    house: House, visit: Opener, thread: str, lang: str, scheme: str, width: int
) -> None:
    words, seen, root = LANGUAGES[lang], [], conversation(house, thread)
    size = {"width": width, "height": 800}
    page = visit(f"{house.page_of(thread)}&lang={lang}", color_scheme=scheme, viewport=size)
    judge = judge_of(page, seen)
    page.locator(".comments-vote").first.click()
    expect(page.locator(".comments-vote[aria-pressed=true]")).to_be_visible()
    judge("a page of a thread")
    page.locator(f"#comment-{root} .comments-reply").click()
    page.locator("#comments-website").fill("my page")
    page.locator("#comments-body").fill(r"$x$ and $\nope$")
    page.locator(".comments-help summary").click()
    page.locator(".comments-look").click()
    expect(page.locator(".comments-warnings button")).to_be_visible()
    judge("a reply with a preview and a warning")
    page.get_by_role("button", name=words["post"]).click()
    expect(page.locator("#comments-website-error")).to_be_visible()
    judge("a refused reply")
    page.reload()
    expect(page.locator(".comments-notice button")).to_be_visible()
    judge("a draft that is back")
    page.locator("#comments-name").fill("carol")
    page.locator("#comments-website").fill("")
    page.get_by_role("button", name=words["post"]).click()
    expect(page.locator(".comments-marked")).to_be_focused()
    judge("one's own comment")
    for act in ("edit", "delete"):
        page.get_by_role("link", name=words[act]).click()
        expect(page.locator(".comments-change")).to_be_visible()
        judge(act)
        page.locator(".comments-stop").click()
        expect(page.locator(".comments-change")).to_have_count(0)
    house.post(thread, f"Meanwhile, {lang}, {scheme}.")
    expect(page.locator(".comments-arrived")).to_be_visible()
    judge("something arrived")
    page.locator(".comments-arrived").click()
    expect(page.locator(".comments-pages [aria-current]")).to_have_text("2")
    judge("the last page")
    page.goto(f"{house.page_of(thread)}&page=x&lang={lang}")
    judge("a refusal")
    assert len(seen) == 10


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_axe_finds_nothing_where_comments_wait(
    strict_house: House, visit: Opener, thread: str, scheme: str
) -> None:
    page = visit(f"{strict_house.host.url}{thread}", color_scheme=scheme)
    style = ":root { color-scheme: light dark; background: Canvas; color: CanvasText }"
    page.add_style_tag(content=style)
    judge = judge_of(page, [])
    judge("an empty thread")
    page.get_by_label("Name").fill("alice")
    page.get_by_label("Comment", exact=True).fill("First words.")
    page.get_by_role("button", name="Post comment").click()
    expect(page.locator(".comments-waiting")).to_be_visible()
    judge("a waiting comment")


def test_a_screen_reader_hears_one_voice(house: House, visit: Opener, thread: str) -> None:
    house.post(thread, "Let it be.")
    page = visit(f"{house.host.url}{thread}")
    expect(page.locator("[role=status], [aria-live]")).to_have_count(1)
    page.get_by_role("link", name="Reply to alice").click()
    page.get_by_role("link", name="Cancel reply").click()
    expect(page.get_by_role("status")).to_have_text("Reply cancelled")
    expect(page.locator("[role=status], [aria-live]")).to_have_count(1)


def test_everything_can_be_reached_and_left_by_keyboard(
    house: House, visit: Opener, thread: str
) -> None:
    """Tab goes through all that can be pressed, in the order in which it stands, with a ring around it."""
    house.post(thread, "Let [it](https://blog.example) be.")
    page = visit(f"{house.host.url}{thread}")
    page.locator("#comments-title").focus()
    reached = []
    while not reached or reached[-1] != "comments-look":
        page.keyboard.press("Tab")
        focused = page.evaluate(
            """() => {
                const it = document.activeElement, style = getComputedStyle(it);
                const top = it.getBoundingClientRect().top + scrollY;
                return [it.id || it.className || it.localName, style.outlineStyle, top];
            }"""
        )
        assert focused[1] != "none", focused
        reached.append(focused[0])
        assert len(reached) < 30
    assert reached == [
        *(
            "comments-when",
            "comments-floor comments-quote",
            "a",
            "comments-reply",
            "comments-quote",
            "comments-vote",
            "comments-report",
        ),
        *("comments-name", "comments-email", "comments-website", "input", "comments-body"),
        *("summary", "comments-post", "comments-look"),
    ]


def test_nothing_moves_by_itself(house: House, visit: Opener, thread: str) -> None:
    house.post(thread, "Let it be.")
    page = visit(f"{house.host.url}{thread}", reduced_motion="reduce")
    moving = """() => [...document.querySelectorAll(".comments, .comments *")].filter((it) => {
        const { animationName, transitionDuration, scrollBehavior } = getComputedStyle(it);
        return animationName !== "none" || transitionDuration !== "0s" || scrollBehavior !== "auto";
    }).map((it) => it.outerHTML)"""
    assert page.evaluate(moving) == []


def test_forced_colours_leave_what_is_marked_to_see(
    house: House, visit: Opener, thread: str
) -> None:
    alice = house.post(thread, "Let it be.")
    page = visit(f"{house.host.url}{thread}#comment-{alice}", forced_colors="active")
    expect(page.locator(".comments-marked")).to_have_css("outline-style", "solid")
    text = page.evaluate("getComputedStyle(document.querySelector('.comments')).color")
    expect(page.locator(".comments-avatar path")).to_have_css("stroke", text)
    for control in ("#comments-name", ".comments-post", ".comments-look"):
        expect(page.locator(control)).to_have_css("border-top-style", "solid")


def test_print_has_the_conversation_alone(house: House, visit: Opener, thread: str) -> None:
    house.post(thread, "Let $x$ be.")
    page = visit(f"{house.host.url}{thread}")
    page.emulate_media(media="print")
    expect(page.locator("article math")).to_be_visible()
    for gone in (".comments-form", ".comments-actions", ".comments-arrived"):
        expect(page.locator(gone)).to_be_hidden()
