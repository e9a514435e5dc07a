"""What leaves the house, by page and by API: webhooks with their keys, the outbox, one's own mail."""

from __future__ import annotations

import asyncio
import base64
import hashlib
import hmac
import json
import os
import re
import sys
import time
from collections.abc import AsyncIterator
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

import pytest

from comments_service.core.permissions import OPERATOR
from comments_service.operations import deciding, maintaining, webhooks
from comments_service.operations.deciding import Ask
from tests.conftest import MONA, Clock, token_for
from tests.notifying import ALICE, Post, post_office
from tests.receivers import Received, Receiver
from tests.servers import free_port
from tests.web.desk import Desk, browser, runs_nothing, told

DOCUMENT = Path(__file__).parents[2] / "docs" / "webhooks.md"


@pytest.fixture
async def office(tmp_path: Path) -> AsyncIterator[tuple[Post, Desk]]:
    """A house with a mailbox, and olga in front of its dashboard."""
    url, clock = f"sqlite:///{tmp_path}/c.sqlite", Clock()
    clock.now = time.time_ns() // 1000  # receivers look at their own
    async with (
        post_office(url, tmp_path, clock, moderation="first-time") as post,
        browser(post.house) as client,
    ):
        desk = Desk(post.house, client)
        await desk.sign_in("olga@blog.example")
        yield post, desk


def signed_by(call: Received, key: str) -> bool:
    """Say whether a key signed a call, by the words of docs/webhooks.md."""
    raw = base64.b64decode(key.removeprefix("whsec_"))
    said = f"{call.headers['webhook-id']}.{call.headers['webhook-timestamp']}.".encode() + call.body
    made = base64.b64encode(hmac.new(raw, said, hashlib.sha256).digest()).decode()
    return f"v1,{made}" in call.headers["webhook-signature"].split()


def key_in(page: str) -> str:
    found = re.search(r"whsec_[\w+/=]+", page)
    assert found
    return found[0]


async def sent(desk: Desk, path: str, **fields: object) -> str:
    """Send a form of the dashboard, and return the page that follows."""
    answer = await desk.client.post(path, data={"csrf": await desk.csrf(), **fields})
    if answer.status_code == 303:
        return await desk.read(answer.headers["location"])
    return answer.text


async def made(desk: Desk, url: str, *events: str) -> tuple[str, str]:
    """Make a webhook by the page; return its page's path and its key."""
    page = await sent(desk, "/dashboard/webhooks", site="blog", url=url, event=list(events))
    key = key_in(page)
    path = re.search(r'action="(/dashboard/webhooks/\d+)"', page)
    assert path
    assert key not in await desk.read(path[1])  # shown once
    return path[1], key


async def test_olga_makes_a_webhook_tries_it_and_reads_what_it_answered(
    office: tuple[Post, Desk],
) -> None:
    post, desk = office
    async with Receiver() as receiver:
        receiver.answers = [(500, {}, b"<b>no</b>")]
        path, key = await made(desk, receiver.url, "published")
        assert "on its way" in told(await sent(desk, path, act="test"))
        await post.pass_on()
        page = await desk.read(path)
        assert "500" in page and "&lt;b&gt;no&lt;/b&gt;" in page and runs_nothing(page)
        number = re.search(r'name="id" value="(\d+)"', page)
        assert number
        again = await sent(desk, "/dashboard/outbox", id=number[1], webhook=path.rsplit("/", 1)[1])
        assert "on its way again" in told(again)
        await post.pass_on()
        assert len(receiver.received) == 2
        assert all(signed_by(call, key) for call in receiver.received)
        assert json.loads(receiver.received[0].body)["event"] == "test"


async def test_two_keys_sign_until_the_former_is_retired(office: tuple[Post, Desk]) -> None:
    post, desk = office
    async with Receiver() as receiver:
        path, first = await made(desk, receiver.url, "published")
        second = key_in(await sent(desk, path, act="key"))
        for act in ("test", "retire", "test"):
            await sent(desk, path, act=act)
            await post.pass_on()
        both, one = receiver.received
        assert signed_by(both, first) and signed_by(both, second)
        assert signed_by(one, second) and not signed_by(one, first)
        assert not signed_by(Received("POST", "", both.headers, both.body + b" "), first)


async def test_a_webhook_is_changed_paused_and_removed(office: tuple[Post, Desk]) -> None:
    post, desk = office
    async with Receiver() as receiver:
        path, _ = await made(desk, "https://hooks.example/", "published")
        page = await sent(desk, path, act="change", url="ftp://x", event=["published"])
        assert "beginning with https://" in page
        await sent(desk, path, act="change", url=receiver.url, event=["pending"])
        await sent(desk, path, act="pause")
        await post.post("unheard", name="bob")
        await post.pass_on()
        await sent(desk, path, act="resume")
        await post.post("heard", name="bob", email="bob@b.example")
        await post.pass_on()
        [call] = receiver.received
        record = json.loads(call.body)
        assert (record["event"], record["comment"]["source"]) == ("pending", "heard")
        assert "bob@b.example" not in call.body.decode() and "192.0.2.1" not in call.body.decode()
        assert "removed" in told(await sent(desk, path, act="remove"))
        assert (await desk.client.get(path)).status_code == 404


async def test_what_is_wrong_with_a_webhook_is_said_and_nothing_typed_is_lost(
    office: tuple[Post, Desk],
) -> None:
    _, desk = office
    page = await sent(desk, "/dashboard/webhooks", site="blog", url="hooks.example/<b>")
    assert "beginning with https://" in page
    assert "hooks.example/&lt;b&gt;" in page
    page = await sent(desk, "/dashboard/webhooks", site="blog", url="https://hooks.example/")
    assert "at least one" in page


async def test_a_call_into_the_own_network_is_refused_and_dead_at_once(tmp_path: Path) -> None:
    url = f"sqlite:///{tmp_path}/c.sqlite"
    async with (
        Receiver() as receiver,
        post_office(url, tmp_path, Clock(), outbound_networks=()) as post,
    ):
        for address in (
            receiver.url,
            f"http://localhost:{receiver.port}/",
            "http://169.254.169.254/",
        ):
            await webhooks.create(
                post.house.service, OPERATOR, post.house.site.site_id, address, ["published"]
            )
        await post.post()
        await post.pass_on()
        dead = await post.waiting("dead")
        assert len(dead) == 3
        assert all("not a public address" in notice.answer for notice in dead)
        assert (receiver.connections, receiver.received) == (0, [])


async def test_removed_comments_are_told_without_their_words(office: tuple[Post, Desk]) -> None:
    post, desk = office
    async with Receiver() as receiver:
        await made(desk, receiver.url, "removed")
        comment = (await post.post("secret words", name="bob")).comment
        for version, action in enumerate(("approve", "delete"), 1):
            await deciding.decide(post.house.service, MONA, [Ask(comment.id, version, action)])  # type: ignore[arg-type]
            await post.pass_on()
        [call] = receiver.received
        assert str(comment.id) in call.body.decode()
        assert "secret" not in call.body.decode() and "bob" not in call.body.decode()


async def test_the_outbox_shows_what_is_undeliverable_and_sends_all_of_it_again(
    office: tuple[Post, Desk],
) -> None:
    post, desk = office
    async with Receiver() as receiver:
        receiver.answers = [(410, {}, b"gone")] * 2
        await made(desk, receiver.url, "pending")
        for number in range(2):
            await post.post(f"words {number}", name="bob")
        await post.pass_on()
        page = await desk.read("/dashboard/outbox")
        assert page.count("<strong>410<") == 2 and runs_nothing(page)
        assert "2 notices" in told(await sent(desk, "/dashboard/outbox", all="1"))
        await post.pass_on()
        assert "There is nothing here." in await desk.read("/dashboard/outbox")
        assert (await desk.read("/dashboard/outbox?state=sent")).count("<strong>200<") == 2
        assert (await desk.client.get("/dashboard/outbox?state=x")).status_code == 422


async def test_mona_chooses_what_mail_she_gets(office: tuple[Post, Desk]) -> None:
    post, desk = office
    assert "not confirmed" in await desk.read("/dashboard/mail")
    assert "on its way" in told(await sent(desk, "/dashboard/mail", confirm="1"))
    await post.pass_on()
    [asked] = post.mailbox.to("olga@blog.example")
    assert asked["Subject"] == "Confirm your address"
    fields = {"pace:blog": "daily", "about:blog": "all"}
    page = await sent(desk, "/dashboard/mail", **fields)
    assert '<option value="daily" selected>' in page and '<option value="all" selected>' in page
    refused = await desk.client.post(
        "/dashboard/mail", data={"csrf": await desk.csrf(), "pace:blog": "x", "about:blog": "all"}
    )
    assert refused.status_code == 422


async def test_without_a_mail_server_nothing_speaks_of_mail(tmp_path: Path) -> None:
    url = f"sqlite:///{tmp_path}/c.sqlite"
    quiet = {"smtp_url": "", "mail_from": ""}
    async with (
        post_office(url, tmp_path, Clock(), **quiet) as post,
        browser(post.house) as client,
    ):
        page = (await client.get("/sites/blog/thread?thread=/post")).text
        assert 'name="notify"' not in page and "mail/data" not in page
        for path in ("/mail/data", "/mail/data/x", "/mail/data/x/comments.json"):
            assert (await client.get(path)).status_code == 404
        assert (await client.post("/mail/data", data={"email": ALICE})).status_code == 404
        await post.followed()
        assert await post.waiting() == []


async def test_the_receiver_of_the_document_takes_what_is_genuine(
    office: tuple[Post, Desk], tmp_path: Path
) -> None:
    post, desk = office
    [program] = re.findall(r"```python\n(.*?)```", DOCUMENT.read_text("utf-8"), re.DOTALL)
    port = free_port()
    path, key = await made(desk, f"http://127.0.0.1:{port}/", "pending")
    environment = {**os.environ, "WEBHOOK_KEY": key, "PORT": str(port)}
    running = await asyncio.create_subprocess_exec(
        sys.executable, "-c", program, env=environment, cwd=tmp_path,
        stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.DEVNULL,
    )  # fmt: skip
    assert running.stdout
    try:
        await listening(port)
        comment = (await post.post("words", name="bob")).comment
        await post.pass_on()
        line = await asyncio.wait_for(running.stdout.readline(), 30)
        assert line.decode().split() == ["pending", str(comment.id)]
        [notice] = [each for each in await post.waiting("sent") if each.kind == "webhook"]
        assert notice.status == 200
        await sent(desk, path, act="key")
        await sent(desk, path, act="retire")  # whoever did not change over is told 401
        await sent(desk, path, act="test")
        await post.pass_on()
        assert [each.status for each in await post.waiting()] == [401]
    finally:
        running.kill()
        await running.wait()


async def listening(port: int) -> None:
    """Wait until a program takes connections."""
    async with asyncio.timeout(30):
        while True:
            try:
                _, writer = await asyncio.open_connection("127.0.0.1", port)
            except OSError:
                await asyncio.sleep(0.02)
            else:
                writer.close()
                return


async def test_scripts_manage_webhooks_by_api(office: tuple[Post, Desk]) -> None:
    post, desk = office
    secret = await token_for(post.house.service, "manage")
    desk.client.headers["Authorization"] = f"Bearer {secret}"
    api = "/api/v1/moderation"
    async with Receiver() as receiver:
        sent_ = {"site": "blog", "url": receiver.url, "events": ["pending"]}
        answer = await desk.client.post(f"{api}/webhooks", json=sent_)
        record, key = answer.json()["webhook"], answer.json()["key"]
        assert (answer.status_code, record["events"], record["keys"]) == (201, ["pending"], 1)
        [listed] = (await desk.client.get(f"{api}/webhooks")).json()["webhooks"]
        assert listed == record and key not in answer.headers.values()
        bad = await desk.client.post(f"{api}/webhooks", json=sent_ | {"events": ["exploded"]})
        assert bad.json()["errors"][0]["code"] == "events_invalid"
        await desk.client.post(f"{api}/webhooks/{record['id']}/test")
        await post.pass_on()
        path = f"{api}/webhooks/{record['id']}/deliveries"
        [notice] = (await desk.client.get(path)).json()["notices"]
        assert (notice["state"], notice["status"], notice["event"]) == ("sent", 200, "test")
        assert (await desk.client.delete(f"{api}/webhooks/{record['id']}")).status_code == 204
        assert (await desk.client.get(path)).json()["code"] == "webhook_unknown"


async def test_a_hub_is_named_by_the_feeds_and_told_once_of_changes_together(
    office: tuple[Post, Desk],
) -> None:
    post, desk = office
    async with Receiver() as receiver:
        house = post.house
        policy = house.site.policy.model_copy(update={"websub_hub": receiver.url})
        house.site = await maintaining.change_policy(house.service, OPERATOR, house.site, policy)
        for number in range(3):
            comment = (await post.post(f"words {number}", name="bob")).comment
            await deciding.decide(house.service, MONA, [Ask(comment.id, 1, "approve")])
        await post.pass_on()
        await post.pass_on(20)
        [call] = receiver.received
        told_of = parse_qs(call.body.decode())
        assert told_of["hub.mode"] == ["publish"]
        for topic in told_of["hub.url"]:
            feed = await desk.client.get(urlsplit(topic).path)
            assert receiver.url in feed.text
            assert feed.headers["link"] == f'<{receiver.url}>; rel="hub", <{topic}>; rel="self"'
            of_a_thread = await desk.client.get(urlsplit(topic).path + "?thread=/post")
            assert receiver.url not in of_a_thread.text and "link" not in of_a_thread.headers
