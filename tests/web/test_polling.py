"""What pollers ask again and again: formats, kinds of change and validators, each with each."""

from __future__ import annotations

import re
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import replace
from email.utils import formatdate, parsedate_to_datetime
from pathlib import Path
from typing import Any

import httpx2
import pytest

from comments_service.core.models import Comment, Visitor
from comments_service.core.moderation import Action
from comments_service.core.policy import Policy
from comments_service.operations import commenting, deciding, maintaining, rendering, voting
from comments_service.operations.deciding import Ask
from comments_service.web.validators import Known
from tests.conftest import BLOG, MONA, Clock, House, client_of, house_on
from tests.feeds import MEDIA_TYPES
from tests.postgres import PostgresServer
from tests.test_cli import SAMPLE

API = "/api/v1/sites/blog"
FORMATS = {
    "recent": f"{API}/recent",
    "recent of a thread": f"{API}/recent?thread=/post&limit=5",
    "counts": f"{API}/counts?thread=/post&thread=/other",
    "changes": f"{API}/changes?after=0",
    "changes from here": f"{API}/changes?after=3&limit=2&wait=0",
    **{kind: f"/sites/blog/feed.{kind}" for kind in MEDIA_TYPES},
    **{f"{kind} of a thread": f"/sites/blog/feed.{kind}?thread=/post" for kind in MEDIA_TYPES},
}
OF_THREAD = [name for name in FORMATS if "thread" in name]


class Scene:
    """A thread in which something of every status stands, and a poller who has read everything."""

    def __init__(self, house: House, client: httpx2.AsyncClient, said: dict[str, int]) -> None:
        self.house, self.client, self.said = house, client, said
        self.had: dict[str, httpx2.Response] = {}

    async def poll(self) -> None:
        """Read every format, later than whatever was changed."""
        self.house.clock.advance(10)
        self.had = {name: await self.client.get(url) for name, url in FORMATS.items()}

    async def again(self, name: str, validators: str, method: str = "GET") -> httpx2.Response:
        """Ask again for a format with some of the validators of what was read."""
        had = self.had[name].headers
        headers = {
            "tag": {"If-None-Match": had["etag"]},
            "weak": {"If-None-Match": f'"other", W/{had["etag"]}'},
            "date": {"If-Modified-Since": had["last-modified"]},
            "both": {"If-None-Match": had["etag"], "If-Modified-Since": had["last-modified"]},
            "tag, old date": {"If-None-Match": had["etag"], "If-Modified-Since": OLD},
            "other tag, date": {"If-None-Match": '"x"', "If-Modified-Since": had["last-modified"]},
        }
        return await self.client.request(method, FORMATS[name], headers=headers[validators])

    async def act(self, which: str, action: Action) -> None:
        comment = await self.house.comment(self.said[which])
        ask = Ask(comment.id, comment.version, action)
        _, [outcome] = await deciding.decide(self.house.service, MONA, [ask])
        assert outcome.result == "done", (which, action, outcome)

    async def edit(self, which: str, body: str = "other words") -> None:
        own = Visitor(receipts=frozenset({self.said[which]}))
        service, site = self.house.service, self.house.site
        await commenting.edit_comment(service, site, self.said[which], body, own)


OLD = formatdate(1_000_000_000, usegmt=True)
UNCHANGED = ("tag", "weak", "date", "both", "tag, old date")


@asynccontextmanager
async def scene_of(url: str, folder: Path) -> AsyncIterator[Scene]:
    # Authors who have an approved comment need not wait.
    async with (
        house_on(url, folder, Clock(), moderation="first-time") as house,
        client_of(house) as client,
    ):
        scene = Scene(house, client, {})
        for name in ("shown", "held", "spam", "waiting", "waiting too", "reported"):
            scene.said[name] = (await house.post(f"words: {name}", name="alice")).comment.id
        for name in ("shown", "held", "reported"):
            await scene.act(name, "approve")
        await scene.act("held", "hold")
        await scene.act("spam", "spam")
        await scene.poll()
        yield scene


@pytest.fixture
async def scene(database_url: str, tmp_path: Path) -> AsyncIterator[Scene]:
    async with scene_of(database_url, tmp_path) as made:
        yield made


async def publish(scene: Scene) -> None:
    known = frozenset({scene.said["shown"]})
    posted = await scene.house.post("new words", name="alice", receipts=known)
    assert posted.comment.visible


async def approve_late(scene: Scene) -> None:
    await scene.act("waiting", "approve")


async def edit(scene: Scene) -> None:
    scene.said |= {"new": (await said_by(scene, "shown", "to be edited")).id}
    await scene.poll()
    own = Visitor(receipts=frozenset({scene.said["new"], scene.said["shown"]}))
    service, site = scene.house.service, scene.house.site
    await commenting.edit_comment(service, site, scene.said["new"], "edited", own)


async def said_by(scene: Scene, which: str, body: str) -> Comment:
    known = frozenset({scene.said[which]})
    return (await scene.house.post(body, name="alice", receipts=known)).comment


async def render_again(scene: Scene) -> None:
    update = "UPDATE comments SET renderer = 'old', html = 'old'"
    await scene.house.service.database.write(lambda tx: tx.fetch(update))
    report = await rendering.render_again(scene.house.service)
    assert report.different


def decide(which: str, action: Action) -> Callable[[Scene], Awaitable[None]]:
    async def act(scene: Scene) -> None:
        await scene.act(which, action)

    return act


CHANGES: dict[str, Callable[[Scene], Awaitable[None]]] = {
    "a publication": publish,
    "a late approval": approve_late,
    "an edit": edit,
    "a return": decide("held", "approve"),
    "what was spam": decide("spam", "approve"),
    "a hold": decide("reported", "hold"),
    "a removal": decide("waiting", "delete"),
    "spam taken out": decide("held", "spam"),
    "texts rendered anew": render_again,
}


async def test_every_change_is_seen_by_every_validator_in_every_format(scene: Scene) -> None:
    seen: dict[str, set[str]] = {name: set() for name in FORMATS}
    for what, change in CHANGES.items():
        await scene.poll()
        await change(scene)
        for name in FORMATS:
            for validators in (*UNCHANGED, "other tag, date"):
                answer = await scene.again(name, validators)
                assert answer.status_code == 200, (what, name, validators)
                assert answer.headers["etag"] not in seen[name], (what, name)
            seen[name].add(answer.headers["etag"])


async def wait_in_vain(scene: Scene) -> None:
    await scene.house.post("more words that wait", name="bob")


async def keep(scene: Scene) -> None:
    """A report is answered: the comment may stay."""
    update = "UPDATE comments SET reports = 1 WHERE id = :id"
    database, number = scene.house.service.database, scene.said["reported"]
    await database.write(lambda tx: tx.fetch(update, {"id": number}))
    await scene.act("reported", "approve")


async def write_elsewhere(scene: Scene) -> None:
    house = scene.house
    other = await maintaining.add_site(house.service, "other", [])
    await House(house.service, other, house.clock).post("elsewhere", name="carol")


async def choose_policy(scene: Scene) -> None:
    olga = replace(MONA, may=frozenset({*MONA.may, "manage"}))
    policy = Policy(moderation="all")
    await maintaining.change_policy(scene.house.service, olga, scene.house.site, policy)


async def vote(scene: Scene) -> None:
    service, site = scene.house.service, scene.house.site
    number = scene.said["reported"]
    assert await voting.vote(service, site, number, "bob", wanted=True) == 1


NO_CHANGES: dict[str, Callable[[Scene], Awaitable[None]]] = {
    "a comment that waits": wait_in_vain,
    "an edit of what waits": lambda scene: scene.edit("waiting"),
    "spam that nobody saw": decide("waiting", "spam"),
    "a refusal of what waits": decide("waiting too", "reject"),
    "a removal of what was held": decide("held", "delete"),
    "a return that still waits": decide("held", "restore"),
    "a report answered": keep,
    "another site": write_elsewhere,
    "a policy": choose_policy,
    "a vote": vote,
}


async def test_nothing_else_is_a_change(scene: Scene) -> None:
    for what, act in NO_CHANGES.items():
        await act(scene)
        for name, url in FORMATS.items():
            for validators in UNCHANGED:
                answer = await scene.again(name, validators)
                assert answer.status_code == 304, (what, name, validators)
            answer = await scene.client.get(url)
            assert answer.content == scene.had[name].content, (what, name)


SETTINGS: dict[str, tuple[Policy, tuple[str, ...]]] = {
    "pictures": (Policy(avatars="none"), (BLOG,)),
    "a hub": (Policy(avatars="none", websub_hub="https://hub.example/"), (BLOG,)),
    "a home": (Policy(avatars="none", websub_hub="https://hub.example/"), ("https://new.example",)),
}


async def test_settings_that_alter_an_answer_are_seen_by_every_validator(scene: Scene) -> None:
    olga = replace(MONA, may=frozenset({*MONA.may, "manage"}))
    for what, (policy, origins) in SETTINGS.items():
        await scene.poll()
        service, site = scene.house.service, scene.house.site
        scene.house.site = await maintaining.change_policy(service, olga, site, policy, origins)
        new = {name: await scene.client.get(url) for name, url in FORMATS.items()}
        others = [name for name in FORMATS if seen(new[name]) != seen(scene.had[name])]
        assert others, what
        for name in others:
            assert new[name].headers["etag"] != scene.had[name].headers["etag"], (what, name)
            for validators in UNCHANGED:
                if "last-modified" in scene.had[name].headers:
                    answer = await scene.again(name, validators)
                    assert answer.status_code == 200, (what, name, validators)


async def test_an_origin_that_is_added_is_seen_by_readers_of_feeds(scene: Scene) -> None:
    await maintaining.add_site(scene.house.service, "blog", ["https://a.example"])
    answer = await scene.again("atom", "tag")
    assert answer.status_code == 200 and b'href="https://a.example/"' in answer.content
    await maintaining.add_site(scene.house.service, "blog", ["https://a.example"])
    scene.had["atom"] = answer
    assert (await scene.again("atom", "tag")).status_code == 304


def seen(answer: httpx2.Response) -> tuple[str, bytes]:
    """Return what is to be seen of an answer, but for the cursor that it leads on to."""
    return answer.headers.get("link", ""), re.sub(rb'"next":\d+', b"", answer.content)


async def test_a_cursor_passes_the_number_of_changed_settings(scene: Scene) -> None:
    """Else whoever waits from there on would be answered at once, again and again."""
    olga = replace(MONA, may=frozenset({*MONA.may, "manage"}))
    service, site = scene.house.service, scene.house.site
    for where in ("", "&thread=/post"):
        url = f"{API}/changes?limit=500{where}"
        end = (await scene.client.get(f"{API}/changes?after={2**40}")).json()["next"]
        before = (await scene.client.get(f"{url}&after=0")).json()["next"]
        policy = Policy(avatars="gravatar" if where else "none")
        await maintaining.change_policy(service, olga, site, policy)
        passed = (await scene.client.get(f"{url}&after={before}&wait=30")).json()
        assert passed == {"changes": [], "next": end + 1}
        assert (await scene.client.get(f"{url}&after={end + 1}")).json() == passed
    await scene.act("waiting", "approve")
    told = (await scene.client.get(f"{url}&after={end + 1}")).json()
    assert [change["kind"] for change in told["changes"]] == ["published"]


async def test_a_cursor_from_before_a_backup_was_put_back_is_led_to_the_end(scene: Scene) -> None:
    end = (await scene.client.get(f"{API}/changes?after=0")).json()["next"]
    for where in ("", "&thread=/post", "&thread=/other"):
        url = f"{API}/changes?limit=500{where}"
        for after in (end, end + 1, 2**40):
            found = (await scene.client.get(f"{url}&after={after}")).json()
            assert found == {"changes": [], "next": end}, (where, after)


async def test_a_thread_is_not_changed_by_another(scene: Scene) -> None:
    known = frozenset({scene.said["shown"]})
    await scene.house.post("elsewhere", name="alice", thread="/other", receipts=known)
    for name in FORMATS:
        status = 304 if name in OF_THREAD else 200
        for validators in UNCHANGED:
            assert (await scene.again(name, validators)).status_code == status, (name, validators)


async def test_tags_win_over_dates(scene: Scene) -> None:
    """RFC 9110, 13.1.3: If-Modified-Since counts for nothing where If-None-Match is sent."""
    for name in FORMATS:
        assert (await scene.again(name, "other tag, date")).status_code == 200
        assert (await scene.again(name, "tag, old date")).status_code == 304


async def test_head_is_get_without_the_body(scene: Scene) -> None:
    for name, url in FORMATS.items():
        head = await scene.client.head(url)
        assert (head.status_code, head.content) == (200, b""), name
        assert head.headers == scene.had[name].headers, name
        assert int(head.headers["content-length"]) == len(scene.had[name].content)
        for validators in UNCHANGED:
            answers = [await scene.again(name, validators, how) for how in ("GET", "HEAD")]
            assert [answer.status_code for answer in answers] == [304, 304]
            assert answers[0].headers == answers[1].headers
            assert answers[0].headers["etag"] == scene.had[name].headers["etag"]


class Counted:
    """A database that keeps what it is asked."""

    def __init__(self, database: Any) -> None:
        self._database = database
        self.asked: list[str] = []

    def __getattr__(self, name: str) -> Any:
        return getattr(self._database, name)

    async def fetch(self, sql: str, params: Any = None) -> Any:
        self.asked.append(sql)
        return await self._database.fetch(sql, params)

    async def scan(self, sql: str, params: Any = None) -> Any:
        self.asked.append(sql)
        return await self._database.scan(sql, params)


async def test_304_reads_no_comment_even_where_nothing_is_kept(scene: Scene) -> None:
    """A process that has just started has no answer in its cache; the tag is compared all the same."""
    counted = Counted(scene.house.service.database)
    cold = House(
        replace(scene.house.service, database=counted), scene.house.site, scene.house.clock
    )
    for name, url in FORMATS.items():
        for validators in UNCHANGED:
            async with client_of(cold) as scene.client:
                for turn in ("cold", "again"):
                    counted.asked.clear()
                    answer = await scene.again(name, validators)
                    assert answer.status_code == 304
                    tables = [sql for sql in counted.asked if "comments" in sql]
                    assert tables == [], (name, validators, turn)
                    assert len(counted.asked) <= 2, counted.asked  # the site, and its counter
        async with client_of(cold) as client:
            counted.asked.clear()
            await client.get(url)
            read = [
                sql for sql in counted.asked if "FROM comments" in sql or "JOIN comments" in sql
            ]
            assert len(read) == (name != "counts"), "the control: a body needs them"


async def test_a_wrong_question_is_refused_whatever_is_known(scene: Scene) -> None:
    tag = {"If-None-Match": scene.had["recent"].headers["etag"]}
    for url in (f"{API}/recent?limit=x", f"{API}/changes?after=-1", f"{API}/counts"):
        assert (await scene.client.get(url, headers=tag)).status_code == 422, url


async def test_two_changes_in_one_second_have_two_dates(scene: Scene) -> None:
    """Last-Modified has seconds; whoever has read the first state must be told of the second."""
    second = scene.house.clock.now // 1_000_000
    for number in range(4):
        await said_by(scene, "shown", f"words {number}")
        scene.had = {name: await scene.client.get(url) for name, url in FORMATS.items()}
        for name in FORMATS:
            told = parsedate_to_datetime(scene.had[name].headers["last-modified"])
            assert told.timestamp() <= scene.house.clock.now // 1_000_000, "never in the future"
        await scene.act("held", "approve" if number % 2 == 0 else "hold")
        for name in FORMATS:
            assert (await scene.again(name, "date")).status_code == 200, (number, name)
    assert scene.house.clock.now // 1_000_000 == second, "all of it was one second"
    await scene.poll()
    for name in FORMATS:
        assert (await scene.again(name, "date")).status_code == 304


async def test_dates_that_are_none_or_lie_ahead(scene: Scene) -> None:
    url, had = FORMATS["recent"], scene.had["recent"].headers["last-modified"]
    moment = parsedate_to_datetime(had)
    same = [had, f"{moment:%A, %d-%b-%y %H:%M:%S GMT}", f"{moment:%a %b %e %H:%M:%S %Y}"]
    ahead = [formatdate(moment.timestamp() + 10**7, usegmt=True)]
    wrong = ["", "yesterday", "0", "Mon, 99 Foo 2026 00:00:00 GMT", "x" * 10_000, "\xff", OLD]
    wrong += [f"{had}, {had}", "Fri, 01 Jan 99999 00:00:00 GMT", formatdate(moment.timestamp() - 1)]
    for dates, status in ((same, 304), (ahead, 304), (wrong, 200)):
        for date in dates:
            headers = {b"If-Modified-Since": date.encode("latin-1")}
            answer = await scene.client.get(url, headers=headers)
            assert answer.status_code == status, date


async def test_a_site_where_nothing_happened_has_a_tag_and_no_date(scene: Scene) -> None:
    await maintaining.add_site(scene.house.service, "empty", [])
    for url in FORMATS.values():
        empty = await scene.client.get(url.replace("/blog/", "/empty/"))
        assert empty.status_code == 200 and "last-modified" not in empty.headers
        tag = {"If-None-Match": empty.headers["etag"], "If-Modified-Since": OLD}
        again = await scene.client.get(url.replace("/blog/", "/empty/"), headers=tag)
        assert again.status_code == 304
        del tag["If-None-Match"]
        assert (
            await scene.client.get(url.replace("/blog/", "/empty/"), headers=tag)
        ).status_code == 200


def test_tags_on_several_lines_are_one_list() -> None:
    lines = [(b"if-none-match", b'"a"'), (b"if-none-match", b'"b", "c"')]
    assert all(Known(lines).holds(tag) for tag in (b'"a"', b'"b"', b'"c"'))
    assert not Known(lines).holds(b'"d"')
    assert Known([(b"if-none-match", b"*")]).holds(b'"d"')
    assert not Known([]) and not Known([(b"if-none-match", b"")]).holds(b'""x')


async def test_two_processes_agree_and_show_each_others_changes(
    postgres: PostgresServer, tmp_path: Path
) -> None:
    url = postgres.create_database(template="house")
    async with scene_of(url, tmp_path) as here:
        clock = here.house.clock
        other = house_on(url, tmp_path, clock, moderation="first-time")
        async with other as there, client_of(there) as client:
            for change in (None, *CHANGES.values()):
                if change:
                    await change(here)
                await here.poll()
                for name, address in FORMATS.items():
                    theirs = await client.get(address)
                    for header in ("etag", "last-modified"):
                        assert theirs.headers[header] == here.had[name].headers[header], name
                    assert theirs.content == here.had[name].content
                    tag = {"If-None-Match": here.had[name].headers["etag"]}
                    assert (await client.get(address, headers=tag)).status_code == 304
    postgres.drop_database(url.rsplit("/", 1)[1])


async def test_links_to_another_address_are_another_answer(tmp_path: Path) -> None:
    """After a move to a new domain nobody may be told that nothing changed."""
    tags = set()
    for base in ("https://old.example", "https://new.example"):
        url = f"sqlite:///{tmp_path}/c.sqlite"
        async with (
            house_on(url, tmp_path, Clock(), base_url=base) as house,
            client_of(house) as client,
        ):
            tags.add((await client.get(f"{API}/recent")).headers["etag"])
    assert len(tags) == 2


async def test_an_import_is_new_today_however_old_its_comments_are(house: House) -> None:
    from comments_service.importers import typecho
    from comments_service.operations import importing

    await importing.import_comments(house.service, "old", typecho.read(SAMPLE))
    async with client_of(house) as client:
        answer = await client.get("/api/v1/sites/old/recent?limit=1")
    told = parsedate_to_datetime(answer.headers["last-modified"]).timestamp()
    assert told == house.service.second()
    assert answer.json()["comments"][0]["published_at"] < "2026"
