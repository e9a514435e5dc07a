"""What holds where elements are moved and come again, connections fail for a while, and people are quick."""

from __future__ import annotations

import pytest
from playwright.sync_api import Page, Route, expect

from tests.browser.conftest import House, Opener
from tests.browser.test_thread import press, write
from tests.browser.test_writing import POSTS, body, select

pytestmark = pytest.mark.browser

ASIDE = """() => {
  const thread = document.querySelector("comment-thread");
  thread.remove();
  document.querySelector("main").prepend(thread);
}"""


@pytest.fixture
def page(house: House, visit: Opener, thread: str) -> Page:
    return visit(f"{house.host.url}{thread}")


# --- Elements that come and go ---


def test_an_element_that_was_taken_out_and_put_back_works(
    house: House, page: Page, thread: str
) -> None:
    house.post(thread, "Let $a<b$ be.")
    field = page.locator("#comments-body")
    field.fill("Half")
    page.evaluate(ASIDE)
    expect(page.locator("article")).to_have_count(1)
    page.locator(".comments-arrived").wait_for(state="attached")
    select(page, "article p", "article .comments-formula")
    page.locator("button.comments-selected").click()
    expect(page.locator("#comments-body")).to_be_focused()
    page.keyboard.press("Escape")
    field.fill("Half a thought.")
    page.reload()
    expect(field).to_have_value("Half a thought.")
    page.evaluate(ASIDE)
    page.get_by_label("Name").fill("bob")
    field.press("Control+Enter")
    expect(page.locator("article")).to_have_count(2)
    assert house.count(thread) == 2


def test_each_thread_knows_by_itself_when_one_was_last_there(
    house: House, page: Page, thread: str
) -> None:
    """As in a page that turns into another without being loaded."""
    page.reload()  # now one was here before
    page.locator(".comments-arrived").wait_for(state="attached")
    house.post(f"{thread}/next", "Let it be.")
    page.locator("comment-thread").evaluate(
        "(it, key) => it.setAttribute('thread', key)", f"{thread}/next"
    )
    expect(page.locator("article")).to_have_count(1)
    seen = "key => Object.keys(localStorage).some((name) => name.endsWith(` seen ${key}`))"
    page.wait_for_function(seen, arg=f"{thread}/next")
    expect(page.locator(".comments-badge")).to_have_count(0)


def embedding_page(house: House, thread: str, rest: str, head: str = "") -> str:
    """Let the host have a page; return its address."""
    script = f'<script type="module" src="{house.url}/static/embed.js"></script>{head}'
    text = f'<!doctype html><html lang="en"><title>A page</title>{script}<main>{rest}</main>'
    house.host.pages = {thread: ("text/html", "", text)}
    return f"{house.host.url}{thread}"


def test_two_threads_of_a_page_are_both_shown(house: House, page: Page, thread: str) -> None:
    house.post(f"{thread}/1", "one")
    house.post(f"{thread}/2", "two")
    one = "<comment-thread site=blog thread={} loading=eager></comment-thread>"
    two = one.format(f"{thread}/1") + one.format(f"{thread}/2")
    page.route("**/comments.css", lambda route: route.continue_())  # which is not kept, therefore
    page.goto(embedding_page(house, thread, two))
    expect(page.locator("article .comments-body")).to_have_text(["one", "two"])


def test_a_page_may_lead_to_the_form_before_the_comments_have_come(
    house: House, page: Page, thread: str
) -> None:
    article = "<button>Write</button>" + "<p>A long article.</p>" * 200
    page.goto(embedding_page(house, thread, f"{article}<comment-thread site=blog>"))
    expect(page.locator("section.comments")).to_have_count(0)
    page.evaluate("""() => {
        const thread = document.querySelector("comment-thread");
        document.querySelector("button").onclick = () => thread.focusForm();
    }""")
    page.get_by_role("button", name="Write").click()
    expect(page.locator("#comments-body")).to_be_focused()
    page.reload()
    page.route("**/fragment?*", lambda route: route.abort())
    assert page.evaluate("document.querySelector('comment-thread').reload()") is False


def test_who_is_to_be_forgotten_is_not_remembered_by_another_tab(page: Page) -> None:
    page.get_by_label("Remember me").check()
    other = page.context.new_page()
    other.goto(page.url)
    expect(other.get_by_label("Remember me")).to_be_checked()
    other.get_by_label("Name").fill("alice")
    page.get_by_label("Remember me").uncheck()
    other.evaluate("document.querySelector('comment-thread').reload()")
    expect(other.get_by_label("Remember me")).not_to_be_checked()
    assert "alice" not in other.evaluate("JSON.stringify(localStorage)")


def test_what_the_browser_will_not_store_lasts_as_long_as_the_page(
    house: House, page: Page, thread: str
) -> None:
    house.post(thread, "Let it be.")
    page.add_init_script("Storage.prototype.setItem = () => { throw new DOMException('full'); };")
    page.reload()
    page.locator("#comments-body").fill("Half a thought.")
    page.evaluate("document.querySelector('comment-thread').reload()")
    expect(page.locator("#comments-body")).to_have_value("Half a thought.")
    write(page, "bob", "A thought.")
    press(page)
    expect(page.locator("article .comments-window")).to_be_visible()
    assert house.count(thread) == 2


# --- Modules and connections that fail for a while ---


@pytest.fixture
def without_form(house: House, visit: Opener, thread: str) -> Page:
    page = visit(f"{house.host.url}{thread}")
    page.route("**/embed/form.js*", lambda route: route.abort())
    return page


def test_a_press_is_answered_though_the_forms_module_could_not_come(
    house: House, without_form: Page, thread: str
) -> None:
    page = without_form
    write(page, "alice", "Kept.")
    press(page)
    expect(page.get_by_role("alert")).to_contain_text("There is no connection")
    assert body(page) == "Kept."
    page.unroute("**/embed/form.js*")
    press(page)
    expect(page.locator("article")).to_have_count(1)
    assert house.count(thread) == 1


def test_what_is_typed_before_the_forms_module_is_there_outlives_a_loading(page: Page) -> None:
    held: list[Route] = []
    page.route("**/embed/form.js*", lambda route: held.insert(0, route))
    page.locator("#comments-body").fill("Half a thought.")
    with page.expect_response("**/fragment?*"):
        page.evaluate("void document.querySelector('comment-thread').reload()")
    held[0].continue_()
    expect(page.locator(".comments-length")).to_contain_text("15 of")
    expect(page.locator("#comments-body")).to_have_value("Half a thought.")


def test_without_the_forms_module_a_reply_is_made_ready_by_the_service(
    house: House, without_form: Page, thread: str
) -> None:
    page = without_form
    alice = house.post(thread, "Let it be.")
    page.reload()
    page.get_by_role("link", name="Reply to alice").click()
    expect(page.locator(".comments-answering")).to_contain_text("alice")
    assert f"replyTo={alice}" in page.url
    page.unroute("**/embed/form.js*")
    write(page, "bob", "So be it.")
    press(page)
    expect(page.locator(".comments-replies article")).to_have_count(1)


def test_a_page_that_could_not_be_turned_says_so_where_the_reader_is(
    house: House, page: Page, thread: str
) -> None:
    for number in range(1, 12):
        house.post(thread, f"floor {number}")
    page.reload()
    expect(page.locator("article")).to_have_count(10)
    page.route("**/fragment?*", lambda route: route.abort(), times=1)
    page.get_by_role("link", name="Next").click()
    expect(page.get_by_role("alert").filter(has_text="could not be loaded")).to_be_in_viewport()
    page.get_by_role("button", name="Try again").click()
    expect(page.locator("article[data-floor='11']")).to_be_visible()


# --- People who are quick ---


def test_a_reply_stays_open_while_one_looks_at_what_has_arrived(
    house: House, page: Page, thread: str
) -> None:
    house.post(thread, "Let it be.")
    page.reload()
    page.locator(".comments-arrived").wait_for(state="attached")
    page.get_by_role("link", name="Reply to alice").click()
    expect(page.locator(".comments-answering")).to_be_visible()
    page.locator("#comments-body").fill("Half a thought.")
    house.post(thread, "Later.", "bob")
    page.locator(".comments-arrived").click()
    expect(page.locator("article")).to_have_count(2)
    expect(page.locator(".comments-answering")).to_contain_text("alice")
    expect(page.locator("#comments-body")).to_have_value("Half a thought.")


@pytest.mark.parametrize("scripts", [True, False])
def test_enter_alone_never_posts(house: House, visit: Opener, thread: str, scripts: bool) -> None:
    page = visit(house.page_of(thread), scripts=scripts)
    write(page, "alice", "Not yet.")
    for name in ("Name", "E-mail", "Website"):
        page.get_by_label(name).press("Enter")
    page.get_by_label("Comment", exact=True).fill("Now.")
    press(page)
    expect(page.locator("article .comments-body")).to_have_text("Now.")
    assert house.count(thread) == 1


def test_nothing_can_be_typed_into_what_is_being_sent(
    house: House, page: Page, thread: str
) -> None:
    held: list[Route] = []
    page.route(POSTS, lambda route: held.insert(0, route))
    write(page, "alice", "All of it.")
    press(page)
    field = page.locator("#comments-body")
    expect(field).not_to_be_editable()
    held[0].abort()
    expect(page.get_by_role("alert")).to_contain_text("no connection")
    expect(field).to_be_editable()
    page.unroute(POSTS)
    press(page)
    expect(page.locator("article")).to_have_count(1)


def test_the_button_beside_a_selection_stays_in_the_page(
    house: House, visit: Opener, thread: str
) -> None:
    house.post(thread, "Let it be.")
    size = '<meta name="viewport" content="width=device-width"><style>body { margin: 0 }</style>'
    embedding_page(house, thread, "<comment-thread site=blog lang=de></comment-thread>", size)
    page = visit(f"{house.host.url}{thread}", viewport={"width": 320, "height": 640})
    page.evaluate("getSelection().selectAllChildren(document.querySelector('.comments-body'))")
    expect(page.get_by_role("button", name="Zitieren", exact=True)).to_be_visible()
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")
