"""Mail to authors whose comment was answered, to moderators whose queue grew: if they confirmed and never said no."""

from __future__ import annotations

import asyncio
import json
import ssl
from email import message_from_bytes
from email.policy import default as modern
from pathlib import Path

import pytest

from comments_service.core.draft import Draft, Report
from comments_service.core.letters import Letter, Link, Quote, named, subject_of
from comments_service.core.mailing import mark_of
from comments_service.core.models import Visitor
from comments_service.core.permissions import OPERATOR, Actor, Role, Sites
from comments_service.core.sentence import Sentence
from comments_service.errors import LinkExpired, LinkInvalid, NotPermitted
from comments_service.notify import mail as notify
from comments_service.notify.mail import Postman, address_of, message_of
from comments_service.operations import (
    accounts,
    acting,
    commenting,
    following,
    mail_choices,
    maintaining,
    reporting,
)
from comments_service.settings import Settings
from comments_service.storage import mail
from tests.conftest import Clock
from tests.notifying import ALICE, BOB, FROM, MONAS, Post, decided, events_of
from tests.people import account
from tests.receivers import Mailbox, Receiver, certificate, links_in, text_of

ATTACKS = [
    json.loads(line)
    for line in (Path(__file__).parents[1] / "data" / "attacks.jsonl")
    .read_text("utf-8")
    .split("\n")
    if line
]
DAY = 24 * 3600


def token_in(mailbox: Mailbox, purpose: str, to: str, place: int = 0) -> str:
    return links_in(mailbox.to(to)[-1], purpose)[place].rsplit("/", 1)[1]


# --- To authors ---


async def test_alice_confirms_and_is_told_of_bobs_answer(office: Post) -> None:
    mine = await office.followed(body="Is $x=1$?\nMore.", title="On\nnumbers")
    await office.pass_on()
    [asked] = office.mailbox.to(ALICE)
    assert "Is $x=1$" not in text_of(asked) and "alice" not in text_of(asked).replace(ALICE, "")
    await office.post("Too early", name="bob", to=mine)
    await office.pass_on()
    assert len(office.mailbox.to(ALICE)) == 1

    await following.confirm(office.house.service, token_in(office.mailbox, "confirm", ALICE))
    answer = (await office.post("Yes, $x$.", name="bob", email=BOB, to=mine)).comment
    await office.pass_on()
    told = office.mailbox.to(ALICE)[1]
    assert told["Subject"] == "bob answered you: On numbers"
    assert told["To"] == ALICE and BOB not in office.mailbox.raw[-1].decode()
    assert told["From"] == "Comments <comments@comments.example>"
    assert "> Yes, $x$." in text_of(told) and f"/c/{answer.id}" in text_of(told)
    assert told["List-Unsubscribe-Post"] == "List-Unsubscribe=One-Click"
    stop = f"http://127.0.0.1:8000{links_in(told, 'stop')[0]}"
    assert f"\r\nList-Unsubscribe: <{stop}>\r\n" in office.mailbox.raw[1].decode()  # in one piece
    assert told["Auto-Submitted"] == "auto-generated"
    assert str(mine.id) in told["In-Reply-To"]
    assert len({message["Message-ID"] for message in office.mailbox.messages}) == 2


async def test_an_answer_is_told_when_it_is_published_and_once(strict_office: Post) -> None:
    await strict_office.confirm(ALICE)
    mine = await strict_office.followed()
    await decided(strict_office, mine.id, "approve")
    await strict_office.pass_on()
    answer = (await strict_office.post("Yes", name="bob", to=mine)).comment
    await strict_office.pass_on()
    assert strict_office.mailbox.to(ALICE) == []
    for action in ("approve", "hold", "approve", "spam", "approve"):
        await decided(strict_office, answer.id, action)
        await strict_office.pass_on()
    assert len(strict_office.mailbox.to(ALICE)) == 1


async def test_what_is_gone_by_the_time_is_not_told(office: Post) -> None:
    await office.confirm(ALICE)
    answer = (await office.post("Yes", name="bob", to=await office.followed())).comment
    await decided(office, answer.id, "delete")
    await office.pass_on()
    assert office.mailbox.messages == []


async def test_nobody_is_told_of_their_own_answers(office: Post) -> None:
    await office.confirm(ALICE)
    mine = await office.followed()
    await office.post("And another thing", name="alice", email=ALICE.upper(), to=mine)
    await office.pass_on()
    assert office.mailbox.messages == []


async def test_who_did_not_ask_gets_nothing(office: Post) -> None:
    await office.confirm(ALICE)
    mine = (await office.post("Hello", name="alice", email=ALICE)).comment
    await office.post("Yes", name="bob", to=mine)
    await office.pass_on()
    assert office.mailbox.messages == []


async def test_a_site_may_switch_it_off(office: Post) -> None:
    service = office.house.service
    policy = office.house.site.policy.model_copy(update={"reply_mail": False})
    office.house.site = await maintaining.change_policy(
        service, OPERATOR, office.house.site, policy
    )
    await office.followed()
    await office.pass_on()
    assert office.mailbox.messages == []


async def test_what_was_asked_for_before_a_site_switched_it_off_is_not_sent(
    office: Post, receiver: Receiver
) -> None:
    """Also where the publication is told for other reasons, and where the mail waits already."""
    service, site = office.house.service, office.house.site
    await office.confirm(ALICE)
    await office.hook(receiver, ["published"])
    mine = await office.followed()
    await office.mailbox.close()
    await office.post("yes", name="bob", to=mine)
    await office.pass_on()
    assert [notice.kind for notice in await office.waiting()] == ["reply"]
    policy = site.policy.model_copy(update={"reply_mail": False})
    await maintaining.change_policy(service, OPERATOR, site, policy)
    await office.post("yes again", name="bob", to=mine)
    await office.pass_on(DAY)
    assert len(receiver.received) == 3
    assert await office.waiting() == []


async def test_an_address_is_asked_once_a_week_whoever_types_it(office: Post) -> None:
    for number in range(5):
        await office.followed(body=f"comment {number}", name=f"mallory {number}")
    local, _, domain = ALICE.partition("@")
    for spelling in (f"{local}+1@{domain}", f"{local[0]}.{local[1:]}+2@{domain}"):
        await office.post(f"to {spelling}", name="mallory", email=spelling, notify=True)
    await office.pass_on()
    assert [to for _, to in office.mailbox.envelopes] == [[ALICE]]
    office.house.clock.advance(7 * DAY)
    await office.followed(body="a week later")
    await office.pass_on()
    assert len(office.mailbox.to(ALICE)) == 2


@pytest.mark.parametrize(("scope", "elsewhere"), [(0, 1), (1, 0), (2, 0)])
async def test_mail_stops_by_page_by_site_and_at_all_and_goes_on(
    office: Post, scope: int, elsewhere: int
) -> None:
    service = office.house.service
    await office.confirm(ALICE)
    mine = await office.followed()
    await office.post("first", name="bob", to=mine)
    await office.pass_on()
    token = token_in(office.mailbox, "stop", ALICE)
    found = await following.stopping(service, token)
    await following.stop(service, token, found.offered[scope])
    await office.post("second", name="bob", to=mine)
    other = await office.followed(thread="/other")
    await office.post("third", name="bob", to=other, thread="/other")
    await office.pass_on()
    assert len(office.mailbox.to(ALICE)) == 1 + elsewhere
    await following.go_on(service, token)
    await office.post("fourth", name="bob", to=mine)
    await office.pass_on()
    assert len(office.mailbox.to(ALICE)) == 2 + elsewhere


async def test_one_click_stops_the_narrowest(office: Post) -> None:
    await office.followed()
    await office.pass_on()
    found = await following.stop(office.house.service, token_in(office.mailbox, "stop", ALICE))
    assert [scope.partition(":")[0] for scope in found.muted] == ["thread"]


async def test_a_reader_of_chinese_gets_chinese(office: Post) -> None:
    await office.confirm(ALICE)
    house = office.house
    draft = Draft(thread="/post", name="alice", email=ALICE, body="Let", notify=True, title="数")
    posted = await commenting.post_comment(
        house.service, house.site, draft, Visitor("192.0.2.9"), lang="zh-Hans"
    )
    await office.post("好", name="bob", to=posted.comment)
    await office.pass_on()
    [told] = office.mailbox.to(ALICE)
    assert told["Subject"] == "bob 回复了你：数"
    assert told["Content-Language"] == "zh-Hans"
    assert "你写道" in text_of(told)


async def test_links_are_good_for_their_time_and_purpose(office: Post) -> None:
    await office.followed()
    await office.pass_on()
    service = office.house.service
    confirm, stop = (token_in(office.mailbox, kind, ALICE) for kind in ("confirm", "stop"))
    for wrong in (stop, confirm[:-1], confirm + "A", "", "\0", "é"):
        with pytest.raises(LinkInvalid):
            await following.confirmation(service, wrong)
    office.house.clock.advance(7 * DAY + 1)
    with pytest.raises(LinkExpired):
        await following.confirm(service, confirm)
    await following.stop(service, stop)  # always


async def test_who_is_known_by_mail_does_not_wait_but_who_types_the_address_does(
    strict_office: Post,
) -> None:
    first = await strict_office.followed(body="first")
    await decided(strict_office, first.id, "approve")
    await strict_office.pass_on()
    service = strict_office.house.service
    await following.confirm(service, token_in(strict_office.mailbox, "confirm", ALICE))
    typed = await strict_office.post("typed", name="alice", email=ALICE)
    assert typed.comment.status == "pending"
    # In another browser: its comment waits, until the mail of the same address confirms it.
    strict_office.house.clock.advance(8 * DAY)
    mark = mark_of(service.secret, ALICE)
    await service.database.write(lambda tx: mail.confirm(tx, mark, typed.comment.id, 0))
    own = frozenset({typed.comment.id})
    known = await strict_office.post("known", name="alice", email=ALICE, receipts=own)
    assert known.comment.status == "approved"
    other = await strict_office.post("other", name="alice", email=BOB, receipts=own)
    assert other.comment.status == "pending"


# --- To moderators ---


async def moderator(post: Post, role: Role = "moderator", sites: Sites = None) -> Actor:
    actor = await account(post.house, "mona", role, sites)
    await post.confirm(MONAS)
    return actor


async def choose(post: Post, actor: Actor, pace: str, about: str = "waiting") -> None:
    await mail_choices.choose(post.house.service, actor, {"blog": (pace, about)}, "en")


async def test_mona_is_told_what_waits_and_decides_by_a_link_once(strict_office: Post) -> None:
    await moderator(strict_office)
    waiting = (await strict_office.post("Buy *watches*", name="mallory", title="Post")).comment
    await strict_office.pass_on()
    [told] = strict_office.mailbox.to(MONAS)
    assert told["Subject"] == "mallory's comment waits: Post"
    assert "> Buy *watches*" in text_of(told)
    approve, spam, _delete = (link.rsplit("/", 1)[1] for link in links_in(told, "act"))
    service = strict_office.house.service
    assert (await acting.offer(service, approve)).outcome is None
    assert (
        await strict_office.house.comment(waiting.id)
    ).status == "pending"  # looking changed nothing
    done = await acting.act(service, approve)
    assert done.outcome and (done.outcome.result, done.comment.status) == ("done", "approved")
    again = await acting.act(service, approve)
    assert again.outcome and again.outcome.result == "done"
    late = await acting.act(service, spam)
    assert late.outcome and late.outcome.result == "stale"
    assert (await strict_office.house.comment(waiting.id)).status == "approved"


async def test_a_link_of_a_mail_counts_no_longer_than_its_time_and_its_moderator(
    strict_office: Post,
) -> None:
    actor = await moderator(strict_office)
    await strict_office.post("words", name="mallory")
    await strict_office.pass_on()
    token = token_in(strict_office.mailbox, "act", MONAS)
    service = strict_office.house.service
    await accounts.add(service, "olga@blog.example", "correct horse battery", "owner")
    await accounts.change(service, OPERATOR, actor.moderator_id, "reader", None)
    with pytest.raises(NotPermitted):
        await acting.act(service, token)
    await accounts.remove(service, OPERATOR, actor.moderator_id)
    with pytest.raises(LinkInvalid):
        await acting.act(service, token)
    strict_office.house.clock.advance(7 * DAY + 1)
    with pytest.raises(LinkExpired):
        await acting.act(service, token)


async def test_readers_and_moderators_of_other_sites_get_what_is_theirs(
    strict_office: Post,
) -> None:
    await moderator(strict_office, "reader")
    await account(strict_office.house, "nora", "moderator", frozenset({1}))
    await strict_office.confirm("nora@blog.example")
    await account(strict_office.house, "otto", "moderator")  # has not confirmed
    await strict_office.post("words", name="mallory")
    await strict_office.pass_on()
    [told] = strict_office.mailbox.messages
    assert strict_office.mailbox.to(MONAS) == [told]
    assert links_in(told, "act") == []


@pytest.mark.parametrize(
    ("pace", "seconds", "mails"), [("hourly", 3700, 1), ("daily", 90_000, 1), ("never", 90_000, 0)]
)
async def test_mona_chooses_how_often(
    strict_office: Post, pace: str, seconds: int, mails: int
) -> None:
    await choose(strict_office, await moderator(strict_office), pace)
    for number in range(3):
        await strict_office.post(f"words {number}", name="mallory")
    await strict_office.pass_on()
    assert strict_office.mailbox.messages == []
    await strict_office.pass_on(seconds)
    assert len(strict_office.mailbox.to(MONAS)) == mails
    if mails:
        [told] = strict_office.mailbox.messages
        assert told["Subject"] == "Comments on blog: 3 wait"
        assert text_of(told).count("> words") == 3


async def test_mona_gets_the_language_in_which_she_confirmed(strict_office: Post) -> None:
    await mail_choices.ask(strict_office.house.service, await moderator(strict_office), "zh-Hans")
    await strict_office.post("words", name="mallory", title="Post")
    await strict_office.pass_on()
    [told] = strict_office.mailbox.to(MONAS)[1:] or strict_office.mailbox.to(MONAS)
    assert told["Subject"] == "mallory 的评论等待审核：Post"


async def test_a_digest_of_nothing_is_not_sent(strict_office: Post) -> None:
    await choose(strict_office, await moderator(strict_office), "hourly")
    comment = (await strict_office.post("words", name="mallory")).comment
    await strict_office.pass_on()
    await decided(strict_office, comment.id, "spam")
    await strict_office.pass_on(3700)
    assert strict_office.mailbox.messages == []
    assert await strict_office.waiting() == []


async def test_who_wants_every_new_comment_gets_those_that_readers_see(office: Post) -> None:
    await choose(office, await moderator(office), "each", "all")
    await office.post("Hello", name="alice", title="Post")
    await office.pass_on()
    [told] = office.mailbox.to(MONAS)
    assert told["Subject"] == "alice wrote: Post"


async def test_a_moderator_confirms_and_stops_by_mail_too(strict_office: Post) -> None:
    actor = await account(strict_office.house, "mona", "moderator")
    service = strict_office.house.service
    await mail_choices.ask(service, actor, "en")
    await strict_office.pass_on()
    await following.confirm(service, token_in(strict_office.mailbox, "confirm", MONAS))
    assert (await mail_choices.own(service, actor)).confirmed
    await strict_office.post("words", name="mallory")
    await strict_office.pass_on()
    found = await following.stop(service, token_in(strict_office.mailbox, "stop", MONAS))
    assert [scope.partition(":")[0] for scope in found.muted] == ["site"]
    await strict_office.post("more words", name="mallory")
    await strict_office.pass_on()
    assert len(strict_office.mailbox.messages) == 2
    assert (await mail_choices.own(service, actor)).choices["blog"].pace == "never"
    await choose(strict_office, actor, "each")  # choosing says yes again
    await strict_office.post("yet more words", name="mallory")
    await strict_office.pass_on()
    assert len(strict_office.mailbox.messages) == 3


async def test_what_readers_reported_often_enough_is_told_too(office: Post) -> None:
    await moderator(office)
    service, site = office.house.service, office.house.site
    policy = site.policy.model_copy(update={"report_threshold": 1})
    site = await maintaining.change_policy(service, OPERATOR, site, policy)
    async with Receiver() as receiver:
        await office.hook(receiver, ["removed", "pending"])
        comment = (await office.post("Buy", name="mallory")).comment
        await office.pass_on()
        await reporting.report(service, site, comment.id, Report(reason="spam"), Visitor("::1"))
        await office.pass_on()
        assert sorted(events_of(receiver)) == ["pending", "removed"]
    [told] = office.mailbox.to(MONAS)
    assert "reported" in text_of(told)


# --- The server ---


@pytest.mark.parametrize(
    ("refusal", "state", "answer"),
    [
        ("550 5.1.1 no alice@a.example here", "dead", "550 5.1.1"),
        ("451 4.7.1 later", "waiting", "451 4.7.1"),
    ],
)
async def test_what_a_server_refuses_is_kept_without_addresses(
    office: Post, refusal: str, state: str, answer: str
) -> None:
    office.mailbox.refusals[ALICE] = refusal
    await office.followed()
    await office.pass_on()
    [notice] = await office.waiting(state)
    assert (notice.kind, notice.answer) == ("confirm", answer)


async def test_a_server_that_is_gone_is_tried_again(office: Post) -> None:
    await office.mailbox.close()
    await office.followed()
    await office.pass_on()
    [notice] = await office.waiting()
    assert notice.attempts == 1 and notice.state == "waiting"


async def test_a_server_that_is_slow_at_each_step_is_given_up_in_all(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Else the lease would run out meanwhile, and another worker would send the mail once more."""
    monkeypatch.setattr(notify, "SECONDS", 1.0)

    async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(b"220 slow\r\n")
        while line := await reader.readline():
            await asyncio.sleep(0.4)
            writer.write(b"354 go on\r\n" if line.startswith(b"DATA") else b"250 OK\r\n")
            if line.startswith(b"DATA"):
                await reader.readuntil(b"\r\n.\r\n")
                writer.write(b"250 OK\r\n")
        writer.close()

    server = await asyncio.start_server(answer, "127.0.0.1", 0)
    port = server.sockets[0].getsockname()[1]
    settings = Settings(smtp_url=f"smtp://127.0.0.1:{port}?tls=none", mail_from=FROM)
    result = await Postman(settings).send(a_letter("x", "y", "z"), str, 0)
    server.close()
    assert (result.verdict, result.answer) == ("later", "TimeoutError")


async def test_a_password_goes_only_through_tls(tmp_path: Path, clock: Clock) -> None:
    key, cert = certificate(tmp_path, "localhost")
    theirs, ours = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH), ssl.create_default_context()
    theirs.load_cert_chain(cert, key)
    ours.load_verify_locations(cert)
    letter = a_letter("x", "y", "z")
    async with Mailbox(context=theirs, user="comments", password="secret") as mailbox:
        settings = Settings(
            smtp_url=f"smtp://comments@localhost:{mailbox.port}",
            smtp_password="secret",
            mail_from=FROM,
        )
        assert (await Postman(settings, ours).send(letter, str, clock.now)).verdict == "sent"
        assert mailbox.was_encrypted == [True]
        stranger = await Postman(settings).send(letter, str, clock.now)
        assert (stranger.verdict, len(mailbox.messages)) == ("later", 1)


# --- The text of a mail, whatever was typed ---


def a_letter(subject: str, line: str, quoted: str) -> Letter:
    return Letter(
        id=7,
        to=ALICE,
        lang="en",
        inside=False,
        subject=Sentence("%(name)s answered you: %(title)s", name=named(subject), title=named(subject)),
        parts=(Sentence("%(name)s wrote:", name=named(line)), Quote(quoted), Link(Sentence("Read:"), "https://c.example/c/1")),
        stop="https://c.example/mail/stop/x",
        about="blog",
    )  # fmt: skip


HEADERS = {
    "from", "to", "subject", "date", "message-id", "list-id", "list-unsubscribe",
    "list-unsubscribe-post", "auto-submitted", "precedence", "content-language", "content-type",
    "content-transfer-encoding", "mime-version",
}  # fmt: skip
INJECTIONS = [
    "x\r\nBcc: mallory@m.example", "x\nBcc: mallory@m.example\n\nbody", "x\rBcc: y", "x\x0bBcc: y",
    "x\x0cBcc: y", "x\u2028Bcc: y", "x\x85Bcc: y", "=?utf-8?q?x=0ABcc:_y?=", "\x00\x1b[31m", "\u202eevil",
    "x" * 5_000, "\U0001f600" * 400, "\n.\n", "-- \nforged", "From x",
]  # fmt: skip


def faults(text: str) -> list[str]:
    """Return what is wrong with a mail in which a text stands wherever people type."""
    sent = message_of(a_letter(text, text, text), str, FROM, "c.example", 0).as_bytes()
    message = message_from_bytes(sent, policy=modern)
    ours = [line for line in message.get_content().splitlines() if line and line[0] != ">"]
    expected = {
        "headers": {name.lower() for name in message} == HEADERS,
        "recipient": message.get_all("to") == [ALICE],
        "line": max(len(line) for line in sent.split(b"\r\n")) <= 998,
        "body": ours[0].endswith(" wrote:") and ours[1:] == ["Read:", "https://c.example/c/1"],
    }
    return [f"{what}: {text!r:.80}: {ours}" for what, right in expected.items() if not right]


def test_nothing_typed_becomes_a_header_or_looks_like_ours() -> None:
    texts = INJECTIONS + [each["body"].encode("utf-8", "replace").decode() for each in ATTACKS]
    assert [fault for text in texts for fault in faults(text)] == []
    forged = Quote("x\nRead:\nhttps://evil.example").text  # what it would look like without '> '
    assert "Read:" in forged.split("\n")


@pytest.mark.parametrize(
    "piece", ["数学 x^2 分析 ", "𝔸 ﷽ é ", "plain words ", "数", "=?utf-8?q?x?= "]
)
def test_a_subject_comes_as_it_was_said_in_any_script(piece: str) -> None:
    letter = a_letter(piece * 12, "y", "z")
    raw = message_of(letter, str, FROM, "c.example", 0).as_bytes()
    assert all(len(line) < 998 and line.isascii() for line in raw.split(b"\r\n"))
    assert message_from_bytes(raw, policy=modern)["subject"] == subject_of(letter, str)


@pytest.mark.parametrize(
    "address",
    [
        "",
        "alice",
        "a@",
        "@a",
        "a b@c.example",
        "a@b.example\nBcc: x@y.example",
        "a@b.example,c@d.example",
        "<a@b.example>",
        'a"@b.example',
    ],
)
def test_what_is_no_address_is_written_into_no_header(address: str) -> None:
    with pytest.raises(ValueError, match="address"):
        address_of(address)
