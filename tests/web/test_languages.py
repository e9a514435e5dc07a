"""Pages and refusals speak the reader's language, and no word on them is hard-coded."""

from __future__ import annotations

import re
from collections.abc import Iterator
from html.parser import HTMLParser
from pathlib import Path

import httpx2
import pytest
from babel.support import NullTranslations

from comments_service import language as languages
from comments_service.core.tree import SHOWN_REPLIES
from comments_service.language import LANGUAGES, Language
from comments_service.operations import deciding
from comments_service.operations.deciding import Ask
from comments_service.operations.receipts import receipt
from tests.conftest import MONA, Clock, House, client_of, house_on
from tests.web.test_pages import PAGE, TYPED

BAD = {"body": r"$\unknown{x}$ and $\frac{1$", "website": "my page", "email": "alice"}


@pytest.fixture
def database_url(tmp_path: Path) -> str:
    """One engine is enough here: the pages hold no SQL."""
    return f"sqlite:///{tmp_path}/comments.sqlite"


# --- Which language ---


async def test_the_address_decides_and_else_the_browser(client: httpx2.AsyncClient) -> None:
    german = {"Accept-Language": "de-AT, en;q=0.5"}
    for address, headers, code in (
        (PAGE, {}, "en"),
        (PAGE, german, "de"),
        (f"{PAGE}&lang=ar", german, "ar"),
        (f"{PAGE}&lang=zh-TW", {}, "zh-Hant"),
        (f"{PAGE}&lang=tlh", german, "de"),
    ):
        answer = await client.get(address, headers=headers)
        direction = "rtl" if code == "ar" else "ltr"
        assert answer.text.startswith(f'<!doctype html>\n<html lang="{code}" dir="{direction}">')
        assert answer.headers["content-language"] == code
        assert answer.headers["vary"] == "Accept-Language, Authorization, Origin"


async def test_the_cache_keeps_languages_apart(house: House, client: httpx2.AsyncClient) -> None:
    await house.post()
    german = {"Accept-Language": "de"}
    first, other = await client.get(PAGE), await client.get(PAGE, headers=german)
    assert "1 comment" in first.text
    assert "1 Kommentar" in other.text
    assert first.headers["etag"] != other.headers["etag"]
    known = german | {"If-None-Match": first.headers["etag"]}
    assert (await client.get(PAGE, headers=known)).status_code == 200
    known["If-None-Match"] = other.headers["etag"]
    assert (await client.get(PAGE, headers=known)).status_code == 304
    assert "1 comment" in (await client.get(PAGE)).text


async def test_links_keep_a_language_that_the_address_names(
    house: House, client: httpx2.AsyncClient
) -> None:
    alice = (await house.post()).comment
    shown = (await client.get(f"{PAGE}&lang=fr")).text
    assert f"replyTo={alice.id}&amp;lang=fr#respond" in shown
    assert "&amp;lang=fr#respond" in re.search(r'<form[^>]* action="([^"]*)"', shown)[1]  # type: ignore[index]
    posted = await client.post(f"{PAGE}&lang=fr", data=TYPED)
    assert "lang=fr" in posted.headers["location"]
    plain = (await client.get(PAGE, headers={"Accept-Language": "fr"})).text
    links, others = plain.split('<nav class="comments-languages"')
    assert "&amp;lang=" not in links
    assert re.findall(r'hreflang="([^"]*)"', others) == list(LANGUAGES)


async def test_refusals_keep_their_codes_and_change_their_sentences(
    client: httpx2.AsyncClient,
) -> None:
    api = "/api/v1/sites/blog/comments"
    typed = {"thread": "/post", "name": "", "body": "x" * 10_001}
    english = (await client.post(api, json=typed)).json()
    asked = await client.post(f"{api}?lang=de", json=typed, headers={"Accept-Language": "fr"})
    german = asked.json()
    assert asked.headers["content-language"] == "de"
    assert german["detail"] == "Einige Felder brauchen noch einen Blick."
    assert german["title"] == "Einige Felder brauchen noch einen Blick"
    assert [item["code"] for item in german["errors"]] == ["missing", "too_long"]
    assert [item["code"] for item in english["errors"]] == ["missing", "too_long"]
    assert german["errors"][1]["message"] == "Bitte auf 10.000 Zeichen kürzen; es sind 10.001."
    nothing = await client.get("/nothing", headers={"Accept-Language": "ja"})
    assert nothing.json()["detail"] == "このアドレスには何もありません。"
    warned = await client.post("/api/v1/sites/blog/preview?lang=zh", json={"body": r"$\nope$"})
    assert warned.json()["warnings"][0]["message"].startswith("这里不认识 \\nope。")


async def test_an_author_is_told_why_in_their_language(strict_client: httpx2.AsyncClient) -> None:
    api = "/api/v1/sites/blog/comments"
    posted = await strict_client.post(f"{api}?lang=es", json=TYPED)
    assert posted.json()["comment"]["reasons"] == ["Un primer comentario espera a un moderador."]
    proof = {"Authorization": f"Receipt {posted.json()['receipt']}", "Accept-Language": "de"}
    one = await strict_client.get(f"{api}/{posted.json()['comment']['id']}", headers=proof)
    assert one.json()["comment"]["reasons"] == ["Ein erster Kommentar wartet auf die Moderation."]
    page = await strict_client.get(PAGE, headers=proof)
    assert "Ein erster Kommentar wartet auf die Moderation." in page.text
    proof["Accept-Language"] = "fr"
    assert "Un premier commentaire attend" in (await strict_client.get(PAGE, headers=proof)).text


@pytest.mark.parametrize("code", LANGUAGES)
async def test_every_language_has_a_page(
    house: House, client: httpx2.AsyncClient, code: str
) -> None:
    await house.post()
    assert (await client.get(f"{PAGE}&lang={code}")).status_code == 200
    assert (await client.post(f"{PAGE}&lang={code}", data=BAD)).status_code == 422


# --- No hard-coded words ---


class Pseudo(NullTranslations):
    """A language that brackets whatever it is given to say."""

    def gettext(self, message: str) -> str:
        return f"⟦{message}⟧"

    def ngettext(self, msgid1: str, msgid2: str, n: int) -> str:
        return f"⟦{msgid2}⟧"

    def pgettext(self, context: str, message: str) -> str:
        return f"⟦{message}⟧"

    def npgettext(self, context: str, msgid1: str, msgid2: str, n: int) -> str:
        return f"⟦{msgid2}⟧"


@pytest.fixture
def pseudo(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Everybody gets the pseudo-locale."""
    spoken = Language("de", Pseudo())
    monkeypatch.setattr(languages, "language", lambda code: spoken)
    languages._chosen.cache_clear()
    yield
    monkeypatch.undo()
    languages._chosen.cache_clear()


class Words(HTMLParser):
    """Collects the words of a page that stand outside of brackets."""

    SAID = ("aria-label", "title", "placeholder", "alt", "label")
    VOID = ("meta", "link", "input", "br", "hr", "img", "wbr")
    # What people wrote, and what is not words: times, code, the key of a thread as its title.
    FREE = ("bdi", "time", "textarea", "code", "h1", "title", "math")

    def __init__(self) -> None:
        super().__init__()
        self.hard_coded: list[str] = []
        self._open: list[tuple[str, bool]] = []
        self._depth = 0

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = dict(attrs)
        for name, value in given.items():
            # A link to a feed is called by the thread's own name and the format's.
            if tag != "link" and (name in self.SAID or name.startswith("data-say-")):
                self._look(re.sub("⟦[^⟧]*⟧", "", value or ""), f"{name}={value}")
        if tag not in self.VOID:
            free = (
                given.get("aria-hidden") == "true" or given.get("lang") == "" or "hreflang" in given
            )
            self._open.append((tag, free or tag in self.FREE))

    def handle_endtag(self, tag: str) -> None:
        while self._open and self._open.pop()[0] != tag:
            pass

    def handle_data(self, data: str) -> None:
        outside = ""
        for letter in data:
            self._depth += (letter == "⟦") - (letter == "⟧")
            outside += letter if self._depth == 0 else ""
        if not any(free for _, free in self._open):
            self._look(outside.replace("⟧", ""), data)

    def _look(self, text: str, whole: str) -> None:
        if re.search(r"[^\W\d_]", text):
            self.hard_coded.append(whole.strip())


def hard_coded(html: str) -> list[str]:
    words = Words()
    words.feed(html)
    return words.hard_coded


@pytest.mark.usefixtures("pseudo")
async def test_no_word_is_hard_coded(tmp_path: Path, database_url: str) -> None:
    async with house_on(database_url, tmp_path, Clock(), page_size=2) as house:
        pages = [page async for page in every_state(house)]
    assert len(pages) > 15
    for state, html in pages:
        assert "⟦" in html, state
        assert hard_coded(html) == [], state


async def every_state(house: House) -> Iterator[tuple[str, str]]:  # type: ignore[misc]
    root = (await house.post("root")).comment
    link = house.service.links("blog").permalink(root.id)
    badge = "UPDATE comments SET moderator_id = 1 WHERE id = :id"
    await house.service.database.write(lambda tx: tx.fetch(badge, {"id": root.id}))
    reply = (await house.post(f"> root\n>\n> — {link}", name="bob", to=root)).comment
    async with client_of(house) as client:

        async def get(address: str) -> tuple[str, str]:
            return address, (await client.get(address)).text

        yield await get(PAGE)
        for act in ("edit", "delete", "other"):
            yield await get(f"{PAGE}&receipt={receipt(house.service, root.id)}&{act}={root.id}")
            own = {"own": act, "comment": str(root.id), "body": ""}
            yield act, (await client.post(f"{PAGE}&receipt=x", data=own)).text
        for number in range(SHOWN_REPLIES + 2):
            await house.post(f"reply {number}", name="bob", to=reply)
        edited = await client.post("/api/v1/sites/blog/comments", json=TYPED)
        proof = {"Authorization": f"Receipt {edited.json()['receipt']}"}
        own = f"/api/v1/sites/blog/comments/{edited.json()['comment']['id']}"
        await client.patch(own, json={"body": "Edited."}, headers=proof)
        for number in range(12):
            await house.post(f"floor {number}")
        await deciding.decide(house.service, MONA, [Ask(root.id, root.version, "delete")])
        for query in (
            "",
            "&page=3",
            "&order=newest",
            f"&replyTo={reply.id}&quote={reply.id}",
            "&replyTo=1&quote=1",
            f"&root={root.id}",
        ):
            yield await get(PAGE + query)
            yield await get(PAGE.replace("thread?", "fragment?") + query)
        for address in ("/", "/c/1", "/sites/nobody/thread?thread=/x", f"{PAGE}&page=x"):
            yield await get(address)
        for button in ("post", "preview", "cancel"):
            sent = TYPED | BAD | {button: "1", "parent_id": str(reply.id)}
            yield button, (await client.post(PAGE, data=sent)).text
        await house.service.database.write(lambda tx: tx.fetch("UPDATE threads SET open = 0", {}))
        yield await get(f"{PAGE}&page=2")
        yield "closed", (await client.post(PAGE, data=TYPED | {"body": "late"})).text
