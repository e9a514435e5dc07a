"""Every attack on every surface, as Chromium opens it: nothing runs, nothing loads, nothing is let in.

All of them as comments on the thread's page, in the embed on another origin, and as JSON; twenty-five pages of
the dashboard's queue, and every seventh line of attacks.jsonl in previews, which are equal
to what is stored byte for byte; every fourteenth in addresses. The other surfaces are those of tests/surfaces.py,
where tests/web/test_safety.py tries all lines over HTTP.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple
from urllib.parse import quote

import pytest
from playwright.sync_api import Browser

from tests.attacks import ATTACKS, everything
from tests.browser.attacked import MONAS, PASSWORD, Attacked, fill
from tests.browser.conftest import House
from tests.browser.watch import Watch
from tests.surfaces import JSON_SURFACES, SURFACES, filled

pytestmark = pytest.mark.browser

SAMPLE = ATTACKS[::7]
BULK = ("page", "queue", "fragment of the embed", "page as JSON")  # opened in full by other tests
OF_THE_DEMO = "/archives/"
# Without the embed's script, as a browser that has none would do it.
PRESS = """(text) => {
  const form = document.querySelector("form");
  for (const field of ["name", "email", "website", "body"]) form.elements[field].value = text;
  const button = document.createElement("input");
  Object.assign(button, { type: "hidden", name: "preview", value: "1" });
  form.append(button);
  HTMLFormElement.prototype.submit.call(form);
}"""


class Scene(NamedTuple):
    """The attacked house, and a browser in it, signed in as mona, that tells of all it must not do."""

    house: House
    attacked: Attacked
    watch: Watch

    def open(self, address: str) -> None:
        """Open an address and hold it against the lists."""
        self.watch.page.goto(self.house.url + address)
        self.judge(address)

    def judge(self, name: str) -> None:
        """Nothing has run or loaded, and the page holds only what is on the lists."""
        faults = self.watch.oracle("pageFaults")
        assert (faults, self.watch.taken()) == ([], []), name


@pytest.fixture(scope="module")
def scene(browser: Browser, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Scene]:
    folder = tmp_path_factory.mktemp("attacked")
    attacked = fill(folder, everything())
    house = House(folder, PAGE_SIZE="100")
    watch = Watch(browser, house.url, house.host.url)
    watch.page.goto(f"{house.url}/dashboard/login")
    watch.page.get_by_label("E-mail").fill(MONAS)
    watch.page.get_by_label("Password").fill(PASSWORD)
    watch.page.get_by_role("button", name="Sign in").click()
    watch.page.wait_for_url("**/dashboard/queue**")
    yield Scene(house, attacked, watch)
    watch.close()
    house.stop()


def shown(scene: Scene) -> int:
    return int(scene.watch.page.evaluate("document.querySelectorAll('.comments-comment').length"))


def test_every_attack_on_the_pages_of_threads(scene: Scene) -> None:
    seen = 0
    for key, comments in scene.attacked.threads.items():
        scene.open(f"/sites/blog/thread?thread={key}")
        assert shown(scene) == len(comments)
        seen += len(comments)
    assert seen > 10_000


def test_every_attack_in_the_embed_on_a_page_of_another_origin(scene: Scene) -> None:
    for key, comments in scene.attacked.threads.items():
        scene.watch.page.goto(scene.house.host.url + key)
        scene.watch.page.locator("#comments-title").wait_for()
        assert shown(scene) == len(comments)
        scene.judge(key)


def test_every_attack_as_json_that_somebody_opens(scene: Scene) -> None:
    addresses = [f"/api/v1/sites/blog/comments?thread={key}" for key in scene.attacked.threads]
    changes = "/api/v1/sites/blog/changes?after={}&limit=500"
    addresses += [changes.format(after) for after in range(0, 11_000, 500)]
    for address in addresses:
        scene.watch.page.goto(scene.house.url + address)
        assert scene.watch.page.evaluate("document.contentType") == "application/json"
        assert scene.watch.taken() == [], address


def test_attacks_in_the_queue_of_a_moderator(scene: Scene) -> None:
    page, opened = scene.watch.page, 0
    for status in ("pending", "spam", "rejected", "deleted", "approved"):
        scene.open(f"/dashboard/queue?status={status}")
        while (older := page.locator("a[rel=next]")).count() and opened < 20:
            scene.open(str(older.first.get_attribute("href")))
            opened += 1
    assert opened == 20


def test_attacks_on_every_other_surface(scene: Scene) -> None:
    threads = scene.attacked.threads
    some = [comments[7] for comments in threads.values()][::4]
    values = {
        "key": [min(threads, key=lambda key: len(threads[key]))],  # it is opened very often
        "page": ["1"],
        "status": ["spam"],
        "cursor": [""],
        "id": [str(comment.id) for comment in some],
        "attack": [quote(attack.body[:400], safe="") for attack in SAMPLE[::2]],
    }
    for name, pattern in (SURFACES | JSON_SURFACES).items():
        if name in BULK or pattern.startswith(OF_THE_DEMO):
            continue
        for address in filled(pattern.replace("/sites/demo/", "/sites/blog/"), **values):
            if "/c/" in address and "%" not in address:
                continue  # leads to the host's page, which the embed's test has opened
            scene.open(address)


def test_attacks_in_previews_and_in_forms_that_come_back(scene: Scene) -> None:
    page = scene.watch.page
    page.goto(scene.house.host.url + "/previews")
    page.locator("#comments-title").wait_for()
    for attack in SAMPLE:
        if not attack.body.strip():
            continue
        page.locator("textarea[name=body]").fill(attack.body)
        with page.expect_response("**/preview*"):
            page.get_by_role("button", name="Preview").click()
        page.evaluate("new Promise((done) => setTimeout(done))")  # after what the answer does
        scene.judge(attack.body)
    for attack in SAMPLE:
        page.goto(f"{scene.house.url}/sites/blog/thread?thread=/forms")
        with page.expect_navigation():
            page.evaluate(PRESS, attack.body)
        scene.judge(attack.body)
