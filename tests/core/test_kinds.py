"""Each kind of rule finds what it is made for, says where, and lets everything else be."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from comments_service.core.folding import folded, skeleton
from comments_service.core.kinds.base import Facts, Match
from comments_service.core.likeness import distance, simhash
from comments_service.core.rules import IN_WORDS, KINDS, Rule, prepared, screen
from comments_service.core.text import render

MINUTE = 60 * 1_000_000
DAY = 1440 * MINUTE
QUESTION = (
    "I wonder whether the second step of the proof of Lemma 3 is right, because the function need "
    "not be continuous at zero, is it? We could take a mollifier instead."
)


def ask(kind: str, facts: Facts | str, **params: Any) -> tuple[Match, ...]:
    if isinstance(facts, str):
        facts = Facts(body=facts, html=render(facts).html)
    found = KINDS[kind]
    return found.look(found.params.model_validate(params))(facts)


def marks(kind: str, body: str, **params: Any) -> list[str]:
    return [body[start:end] for match in ask(kind, body, **params) for start, end in match.spans]


@pytest.mark.parametrize(
    ("how", "word", "body", "found"),
    [
        ("literal", "casino", "Best CASINOS, the c\u200basino!", ["CASINO", "c\u200basino"]),
        ("literal", "casino", "Ｃａｓｉｎｏ at ℵ₀", ["Ｃａｓｉｎｏ"]),
        ("literal", "STRASSE", "In der Straße", ["Straße"]),
        ("literal", "代开发票", "专业代开发票，加微信", ["代开发票"]),
        ("literal", "casino", "cas ino", []),
        ("whole", "cas", "casino in cas, (CAS)", ["cas", "CAS"]),
        ("whole", "math", "math_1 maths math\u0301 über-math", ["math"]),
        ("whole", "发票", "代开发票吗", ["发票"]),
        ("whole", "微信", "加微信abc和weixin", ["微信"]),
        ("whole", "c++", "I know c++ and abc++", ["c++"]),
        ("pattern", r"v[i1]agra", "V1AGRA and viagra", ["V1AGRA", "viagra"]),
        ("pattern", r"加(微|薇)信?\d+", "请加薇信12345", ["加薇信12345"]),
        ("pattern", r"^buy", "do not buy\nBuy now", ["Buy"]),
        ("pattern", r"x*", "no", []),
    ],
)
def test_words_are_found_where_they_stand(how: str, word: str, body: str, found: list[str]) -> None:
    assert marks("words", body, words=[word], how=how) == found


def test_a_word_in_a_name_is_marked_in_the_name() -> None:
    facts = Facts(name="Cheap casino", body="Nice post", website="https://casino.example")
    found = ask("words", facts, words=["casino", "nice"])
    assert [(m.field, m.spans) for m in found] == [
        ("body", ((0, 4),)),
        ("name", ((6, 12),)),
        ("website", ((8, 14),)),
    ]


def test_a_pattern_that_would_keep_others_busy_for_years_is_linear_here() -> None:
    assert marks("words", "a" * 10_000 + "c", words=["(a+)+b"], how="pattern") == []


@pytest.mark.parametrize(
    "text", ["(a", r"(a)\1", "(?=a)b", "(((a{1,99}){1,99}){1,99})", ".{1000}x"]
)
def test_a_pattern_that_cannot_be_linear_is_refused_with_words(text: str) -> None:
    with pytest.raises(ValidationError, match="as RE2 reads it"):
        ask("words", "", words=[text], how="pattern")


@given(st.text(), st.text(min_size=1))
def test_every_span_is_within_the_text_and_not_empty(body: str, word: str) -> None:
    for how in ("literal", "whole"):
        try:
            found = ask("words", Facts(body=body), words=[word], how=how)
        except ValidationError:  # a word of nothing
            return
        for match in found:
            assert all(0 <= start < end <= len(body) for start, end in match.spans)


@given(st.text(max_size=200))
def test_what_is_folded_knows_where_it_came_from(text: str) -> None:
    plain = folded(text)
    assert len(plain.text) == len(plain.origins)
    assert list(plain.origins) == sorted(plain.origins)


@pytest.mark.parametrize(
    ("body", "script", "when", "percent", "speaks"),
    [
        ("Купить дёшево прямо сейчас", "Cyrillic", "more", 50, True),
        ("A mean value: купить", "Cyrillic", "more", 50, False),
        ("这里的证明似乎不太对，请看第三步的推导", "Han", "less", 10, False),
        ("Buy the best watches here today", "Han", "less", 10, True),
        (
            "我们有 $\\alpha\\beta\\gamma\\delta\\varepsilon\\zeta$ 这里的证明似乎不太对",
            "Latin",
            "more",
            30,
            False,
        ),
        ("Да!", "Cyrillic", "more", 1, False),
    ],
)
def test_a_script_is_a_share_of_the_letters_outside_formulas(
    body: str, script: str, when: str, percent: int, speaks: bool
) -> None:
    found = ask("script", body, script=script, when=when, percent=str(percent))
    assert bool(found) is speaks


def test_links_are_counted_and_marked_a_website_too() -> None:
    body = "See https://a.example/x and [this](https://b.example/y)."
    assert ask("links", body, most=2) == ()
    assert marks("links", body, most="1") == ["https://a.example/x", "https://b.example/y"]
    facts = Facts(body=body, html=render(body).html, website="https://c.example")
    assert ask("links", facts, most=2)


@pytest.mark.parametrize(
    ("listed", "speaks"),
    [
        ("b.example", True),
        ("https://www.B.example/elsewhere", True),
        ("*.example", True),
        ("example.b", False),
        ("ub.example", False),
        ("bücher.example", True),
        ("xn--bcher-kva.example", True),
    ],
)
def test_a_domain_stands_for_all_below_it(listed: str, speaks: bool) -> None:
    body = "https://sub.b.example:8080/x?y and <https://bücher.example/>"
    assert bool(ask("domains", body, domains=[listed])) is speaks


@pytest.mark.parametrize(
    ("listed", "email", "speaks"),
    [
        ("mallory@spam.example", "Mallory@SPAM.example", True),
        ("spam.example", "x@mail.spam.example", True),
        ("@spam.example", "x@spam.example", True),
        ("mallory@spam.example", "bob@spam.example", False),
        ("spam.example", "", False),
    ],
)
def test_an_address_or_its_domain(listed: str, email: str, speaks: bool) -> None:
    found = ask("emails", Facts(email=email), emails=listed)
    assert [(m.code, m.field) for m in found] == [("email_listed", "email")] * speaks


@pytest.mark.parametrize(
    "forged", ["Mona", "МОNА", "m o n a", "ｍｏｎａ", "M0na", "rnona", "móna", "mo\u200bna"]
)
def test_a_name_that_looks_like_a_moderators_is_found(forged: str) -> None:
    facts = Facts(name=forged, moderators=frozenset({skeleton("mona")}))
    [match] = ask("names", facts, moderators="1")
    assert (match.code, match.field) == ("name_alike", "name")
    assert ask("names", facts, names=["admin"]) == ()


def test_a_reserved_name_and_its_look_alikes() -> None:
    assert ask("names", Facts(name="АDМIN"), names="admin\n站长")[0].code == "name_reserved"
    assert ask("names", Facts(name="站 长"), names=["站长"])
    assert ask("names", Facts(name="nomad", moderators=frozenset({"mona"})), names=["admin"]) == ()


@pytest.mark.parametrize(
    ("listed", "address", "speaks"),
    [
        ("192.0.2.0/24", "192.0.2.77", True),
        ("192.0.2.7/24", "192.0.2.77", True),
        ("192.0.2.7", "192.0.2.77", False),
        ("192.0.2.7", "::ffff:192.0.2.7", True),
        ("2001:db8:1:2::99", "2001:db8:1:2:aaaa::1", True),
        ("2001:db8:1:2::99/128", "2001:db8:1:2:aaaa::1", False),
        ("2001:db8::/32", "192.0.2.1", False),
        ("0.0.0.0/0", "testclient", False),
    ],
)
def test_a_network_holds_its_addresses(listed: str, address: str, speaks: bool) -> None:
    assert bool(ask("networks", Facts(address=address), networks=[listed])) is speaks


def test_a_trap_a_clock_a_count_and_an_age() -> None:
    assert ask("trap", Facts(trap="Cheap"))
    assert not ask("trap", Facts(trap=" "))
    assert ask("fast", Facts(seconds=1.9), seconds=2)
    assert not ask("fast", Facts(seconds=2.0), seconds=2)
    assert not ask("fast", Facts(), seconds=2), "no script said anything"
    now = 100 * DAY
    times = (now - MINUTE, now - 9 * MINUTE, now - 11 * MINUTE)
    assert ask("often", Facts(at=now, times=times), most=2, minutes=10)
    assert not ask("often", Facts(at=now, times=times), most=3, minutes=10)
    assert ask("age", Facts(at=now, thread_at=now - 31 * DAY), days=30)
    assert not ask("age", Facts(at=now, thread_at=now - 29 * DAY), days=30)
    assert not ask("age", Facts(at=now), days=30), "the first comment of a page is never too late"


def test_almost_the_same_words_are_alike_and_others_are_not() -> None:
    said = simhash(QUESTION)
    for again in (QUESTION.upper(), QUESTION + " Thanks!", "Hello! " + QUESTION):
        assert ask("alike", Facts(simhash=simhash(again), likes=(0, said)), distance=10)
    other = simhash(QUESTION[::-1])
    assert not ask("alike", Facts(simhash=other, likes=(said,)), distance=10)
    assert simhash("Thanks!") == 0 == simhash("谢谢分享")
    assert not ask("alike", Facts(simhash=0, likes=(0,)))
    chinese = "这里的证明似乎不太对，请看第三步的推导，函数在零点未必连续"
    assert distance(simhash(chinese), simhash(chinese + "吧？")) <= 10


@given(st.text(max_size=300))
def test_a_likeness_is_a_number_that_both_engines_keep(text: str) -> None:
    assert -(2**63) <= simhash(text) < 2**63


@pytest.mark.parametrize(
    ("by", "value", "facts"),
    [
        ("name", "mallory", Facts(name="Mаllоry")),
        ("email", "m@spam.example", Facts(email="M@spam.example")),
        ("network", "192.0.2.7", Facts(address="192.0.2.7")),
        ("domain", "spam.example", Facts(website="https://x.spam.example")),
        ("pattern", "v[i1]agra", Facts(body="V1agra")),
    ],
)
def test_a_ban_is_by_one_thing(by: str, value: str, facts: Facts) -> None:
    assert [match.code for match in ask("ban", facts, by=by, value=value)] == ["banned"]
    assert ask("ban", Facts(name="alice", body="Hello"), by=by, value=value) == ()


@pytest.mark.parametrize(
    ("kind", "params"),
    [
        ("words", {"words": []}),
        ("words", {"words": "\n \n"}),
        ("words", {"words": ["x" * 101]}),
        ("words", {"words": ["a\0b"]}),
        ("words", {"words": 7}),
        ("words", {"words": ["x"], "how": "guess"}),
        ("words", {"words": ["x"], "nonsense": 1}),
        ("links", {"most": "many"}),
        ("links", {"most": True}),
        ("domains", {"domains": ["two words"]}),
        ("names", {}),
        ("names", {"names": ["!!"[:0] or "…"]}),
        ("networks", {"networks": ["300.1.1.1"]}),
        ("script", {"script": "Klingon"}),
        ("ban", {"by": "mood", "value": "x"}),
        ("ban", {"by": "name", "value": " "}),
        ("ban", {"by": "network", "value": "here"}),
    ],
)
def test_parameters_that_mean_nothing_are_refused(kind: str, params: dict[str, Any]) -> None:
    with pytest.raises(ValidationError):
        KINDS[kind].params.model_validate(params)


def rule(number: int, kind: str = "words", **more: Any) -> Rule:
    values: dict[str, Any] = {
        "site_id": 0, "position": number, "params": '{"words": ["casino"]}', "action": "hold",
        "state": "on", "version": 3, "note": "", "expires_at": None, "created_at": 0, "created_by": "",
    }  # fmt: skip
    return Rule(**(values | {"rule_id": number, "kind": kind} | more))


def test_the_first_rule_that_decides_ends_it_and_says_why() -> None:
    rules = [
        rule(1, action="spam", state="shadow"),
        rule(2, action="reject", state="off"),
        rule(3, action="reject", expires_at=10),
        rule(4, action="hold"),
        rule(5, action="spam"),
    ]
    verdict = screen(Facts(body="A casino", at=10), [prepared(each) for each in rules])
    assert verdict.status == "pending"
    [reason] = verdict.reasons
    assert (reason.code, reason.rule, reason.version, reason.spans) == (
        "word_found",
        "4",
        3,
        ((2, 8),),
    )
    assert [(hit.rule_id, hit.shadow) for hit in verdict.hits] == [(1, True), (4, False)]


def test_a_rule_that_publishes_comes_before_the_sites_mode() -> None:
    trusted = prepared(rule(1, "proven", params="{}", action="publish"))
    assert screen(Facts(mode="all", proven=True), [trusted]).status == "approved"
    assert screen(Facts(mode="all"), [trusted]).reasons[0].code == "every_comment_waits"


def test_every_code_has_its_words() -> None:
    codes = {match.code for match in _everything()}
    assert len(codes) >= 10
    assert codes <= set(IN_WORDS)


def _everything() -> list[Match]:
    facts = Facts(
        name="Mona", email="a@spam.example", website="https://spam.example", body="casino", at=2 * DAY,
        html="<p>casino casino</p>", address="192.0.2.1", trap="x", seconds=0.5, simhash=5, likes=(5,),
        times=(DAY,), moderators=frozenset({"mona"}), thread_at=0, proven=True,
        checked="silent", learned={"casino": 0.99, "poker": 0.99},
    )  # fmt: skip
    asked = {
        "words": {"words": ["casino"]}, "script": {"script": "Latin"}, "links": {"most": 0},
        "domains": {"domains": ["example"]}, "emails": {"emails": ["spam.example"]},
        "names": {"moderators": True}, "networks": {"networks": ["192.0.2.0/24"]}, "proven": {},
        "ban": {"by": "name", "value": "mona"}, "trap": {}, "fast": {},
        "often": {"most": 1, "minutes": 1440}, "alike": {}, "age": {"days": 1},
        "learned": {"percent": 90}, "checker": {},
    }  # fmt: skip
    return [match for kind, params in asked.items() for match in ask(kind, facts, **params)]
