"""Bad input: the right status, the field by name, the remedy, and never a 5xx."""

from __future__ import annotations

import json
from ipaddress import ip_network
from typing import Any

import httpx2
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from starlette.requests import Request

from comments_service.web.intake import client_address
from tests.conftest import House, client_of, token_for

API = "/api/v1/sites/blog"
GOOD: dict[str, Any] = {"thread": "/post", "name": "alice", "body": "words"}

FAULTS: list[tuple[str, Any, str]] = [
    ("body", "x" * 10_001, "too_long"),
    ("body", "😀" * 10_001, "too_long"),
    ("body", "a\0b", "forbidden_character"),
    ("body", "a\ud800b", "forbidden_character"),
    ("body", 7, "wrong_type"),
    ("body", ["x"], "wrong_type"),
    ("body", {"x": 1}, "wrong_type"),
    ("body", None, "missing"),
    ("body", "\u202e\u2066", "missing"),
    ("name", "x" * 65, "too_long"),
    ("name", "a\0", "forbidden_character"),
    ("name", "\u200b\u200b", "missing"),
    ("body", "\u200b \u2060", "missing"),
    ("name", True, "wrong_type"),
    ("email", "x" * 250 + "@y.example", "too_long"),
    ("email", "a@b\r\nBcc: c@d", "email_invalid"),
    ("email", "alice", "email_invalid"),
    ("website", "https://" + "x" * 500, "too_long"),
    ("website", "javascript:alert(1)", "website_invalid"),
    ("website", "https://", "website_invalid"),
    ("website", "//blog.example", "website_invalid"),
    ("website", 'https://a"b', "website_invalid"),
    ("thread", "/" + "x" * 512, "too_long"),
    ("thread", "", "missing"),
    ("thread", 1.5, "wrong_type"),
    ("parent_id", [], "wrong_type"),
    ("parent_id", True, "wrong_type"),
    ("submission_key", "k" * 201, "too_long"),
    ("submission_key", 5, "wrong_type"),
    ("title", "t" * 301, "too_long"),
    ("url", {}, "wrong_type"),
]


@pytest.mark.parametrize(("field", "value", "code"), FAULTS)
async def test_a_wrong_field_is_named_with_its_code(
    client: httpx2.AsyncClient, field: str, value: Any, code: str
) -> None:
    body = json.dumps(GOOD | {field: value})
    answer = await client.post(
        f"{API}/comments", content=body, headers={"Content-Type": "application/json"}
    )
    assert answer.status_code == 422, answer.text
    assert [(e["field"], e["code"]) for e in answer.json()["errors"]] == [(field, code)]


RIGHT: list[tuple[str, Any]] = [
    ("body", "😀" * 10_000),
    ("body", "字" * 8_997 + "\r\n" * 1_000 + "end"),
    ("name", "名" * 64),
    ("email", "名字@例子.example"),
    ("website", "https://例子.example/路径?a=1&b=2#c"),
    ("thread", "/" + "文" * 511),
    ("parent_id", ""),
    ("unheard_of", {"x": [1]}),
    ("body", "tab\there, bell\a gone, \u202ereversed\u202c"),
]


@pytest.mark.parametrize(("field", "value"), RIGHT)
async def test_what_is_within_the_limits_is_taken(
    client: httpx2.AsyncClient, field: str, value: Any
) -> None:
    answer = await client.post(f"{API}/comments", json=GOOD | {field: value})
    assert answer.status_code == 201, answer.text


BODIES: list[tuple[str, bytes, int]] = [
    ("application/json", b"{", 400),
    ("application/json", b"", 400),
    ("application/json", b"\xff\xfe", 400),
    ("application/json", b"[" * 100_000, 400),
    ("application/json", b"[]", 422),
    ("application/json", b'"words"', 422),
    ("application/json", b"9" * 10_000, 400),
    ("application/json", b'{"body": NaN}', 422),
    ("application/x-www-form-urlencoded", b"body=%00&name=%ff", 422),
    ("application/x-www-form-urlencoded", b"&&&===", 422),
    ("application/x-www-form-urlencoded", b"a=1&" * 1_000, 400),
    ("multipart/form-data", b"", 400),
    ("multipart/form-data; boundary=x", b"--x\r\n\r\n", 400),
    ("multipart/form-data; boundary=x", b"", 422),
    (
        "multipart/form-data; boundary=x",
        b'--x\r\nContent-Disposition: form-data; name="body"; filename="f"\r\n\r\nz\r\n--x--\r\n',
        400,
    ),
    ("text/plain", b"words", 415),
    ("", b"words", 415),
    ("application/json", b" " * 300_000, 413),
]


@pytest.mark.parametrize(("kind", "body", "status"), BODIES)
async def test_a_body_that_is_none_is_refused(
    client: httpx2.AsyncClient, kind: str, body: bytes, status: int
) -> None:
    headers = {"Content-Type": kind} if kind else {}
    for path in ("comments", "preview"):
        answer = await client.post(f"{API}/{path}", content=body, headers=headers)
        assert answer.status_code == status, (path, answer.text)
        assert answer.headers["content-type"] == "application/problem+json"


async def test_a_charset_that_decodes_to_half_a_pair_is_refused(client: httpx2.AsyncClient) -> None:
    for field in ("thread", "body", "name", "submission_key"):
        body = "".join(
            f'--x\r\nContent-Disposition: form-data; name="{name}"\r\n\r\n{value}\r\n'
            for name, value in (GOOD | {field: "\\ud800"}).items()
        )
        for path in (f"{API}/comments", f"{API}/preview", "/sites/blog/thread"):
            answer = await client.post(
                path,
                content=f"{body}--x--\r\n".encode(),
                headers={"Content-Type": "multipart/form-data; boundary=x; charset=unicode_escape"},
            )
            assert answer.status_code == 400, (path, field, answer.text)


async def test_a_body_without_a_length_is_bounded_too(client: httpx2.AsyncClient) -> None:
    async def endless() -> Any:
        for _ in range(20):
            yield b"x" * 20_000

    answer = await client.post(
        f"{API}/comments", content=endless(), headers={"Content-Type": "application/json"}
    )
    assert (answer.status_code, answer.json()["code"]) == (413, "body_too_large")


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(st.characters(), max_size=30),
    lambda inner: (
        st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3)
    ),
    max_leaves=6,
)
FIELDS = st.sampled_from(
    [
        "thread",
        "url",
        "title",
        "parent_id",
        "replyTo",
        "name",
        "email",
        "website",
        "body",
        "submission_key",
    ]
)


async def test_no_input_is_answered_with_a_fault_of_ours(house: House) -> None:
    drafts: list[dict[str, Any]] = []

    @settings(max_examples=150, deadline=None, suppress_health_check=list(HealthCheck))
    @given(st.dictionaries(FIELDS, JSON, max_size=4), st.booleans())
    def collect(fields: dict[str, Any], whole: bool) -> None:
        drafts.append((GOOD if whole else {}) | fields)

    collect()
    async with client_of(house) as client:
        for draft in drafts:
            answer = await client.post(
                f"{API}/comments",
                content=json.dumps(draft),
                headers={"Content-Type": "application/json"},
            )
            assert answer.status_code < 500, (draft, answer.text)


NASTY = [
    "%00",
    "%ff",
    "%F0%9F%98%80",
    "-1",
    "1e3",
    "9" * 40,
    "'",
    '"><script>',
    "../..",
    "٣",
    "",
    "x" * 5000,
]
PLACES = [
    "/api/v1/sites/{}/recent",
    API + "/comments?thread={}",
    API + "/comments?thread=/p&page={}",
    API + "/comments/{}",
    API + "/comments/{}/replies",
    API + "/comments/1/replies?cursor={}",
    API + "/counts?thread={}",
    API + "/recent?limit={}",
    API + "/recent?thread={}",
    API + "/changes?after={}",
    API + "/changes?after=0&limit={}",
    "/c/{}",
    "/sites/{}/thread?thread=/p",
    "/sites/blog/thread?thread={}",
    "/sites/blog/thread?thread=/p&page={}",
    "/sites/blog/thread?thread=/p&replyTo={}",
    "/sites/blog/thread?thread=/p&quote={}",
    "/sites/blog/thread?thread=/p&receipt={}",
    "/sites/blog/thread?thread=/p&root={}&cursor=0",
    "/sites/blog/thread?thread=/p&root=1&cursor={}",
    "/sites/blog/fragment?thread={}",
    "/sites/blog/old/{}",
    "/static/{}",
    "/{}",
]


@pytest.mark.parametrize("place", PLACES)
async def test_no_address_is_answered_with_a_fault_of_ours(
    client: httpx2.AsyncClient, place: str
) -> None:
    for nasty in NASTY:
        answer = await client.get(place.format(nasty))
        assert answer.status_code < 500, (nasty, answer.text)


@pytest.mark.parametrize(
    "header",
    ["authorization", "if-none-match", "cookie", "origin", "host", "x-forwarded-for", "user-agent"],
)
async def test_no_header_is_answered_with_a_fault_of_ours(
    client: httpx2.AsyncClient, header: str
) -> None:
    for value in (
        b"\xff\xfe",
        b"",
        b"Receipt " + b"." * 9000,
        b"Bearer \xc3\xa9",
        b"a,b;=" * 500,
        b"http://[::1",
    ):
        for method, url in (("GET", f"{API}/comments?thread=/p"), ("POST", f"{API}/comments")):
            answer = await client.request(
                method, url, headers=[(header.encode(), value)], json=GOOD
            )
            assert answer.status_code < 500, (header, value, answer.text)
        queue = await client.get("/api/v1/moderation/queue", headers=[(header.encode(), value)])
        assert queue.status_code == 401


HONEST = "198.51.100.9"
MADE_UP = "203.0.113.5"


@pytest.mark.parametrize(
    ("peer", "forwarded", "address"),
    [
        ("10.0.0.1", [HONEST], HONEST),
        ("10.0.0.1", [f"{MADE_UP}, {HONEST}"], HONEST),
        ("10.0.0.1", [MADE_UP, HONEST], HONEST),  # as proxies do that add a header of their own
        ("10.0.0.1", [f"{MADE_UP}, {HONEST}", "10.0.0.2"], HONEST),
        ("10.0.0.1", [], "10.0.0.1"),
        ("10.0.0.1", [MADE_UP, "unknown"], "10.0.0.1"),
        (HONEST, [MADE_UP], HONEST),
        (f"::ffff:{HONEST}", [MADE_UP], HONEST),
        ("::ffff:10.0.0.1", [f"::ffff:{HONEST}"], HONEST),
        ("testclient", [MADE_UP], "testclient"),
    ],
)
def test_only_what_trusted_proxies_wrote_is_an_address(
    peer: str, forwarded: list[str], address: str
) -> None:
    headers = [(b"x-forwarded-for", each.encode()) for each in forwarded]
    request = Request({"type": "http", "client": (peer, 1), "headers": headers})
    assert client_address(request, (ip_network("10.0.0.0/8"),)) == address


@pytest.mark.parametrize("batch", ["a%00b", "%00", "%ff", "%ed%a0%80", "9" * 5_000, "%E2%80%AE"])
async def test_a_batch_that_nobody_made_is_unknown(
    house: House, client: httpx2.AsyncClient, batch: str
) -> None:
    token = await token_for(house.service, "read", "moderate", "manage")
    headers = {"Authorization": f"Bearer {token}"}
    for path in ("undo", "rules/undo"):
        answer = await client.post(f"/api/v1/moderation/{path}/{batch}", headers=headers)
        assert (answer.status_code, answer.json()["code"]) == (404, "batch_unknown"), path
