"""Places, pages, threads and statuses: the pure rules, by tables and by hypothesis."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from comments_service.core.moderation import STATUSES, change_kind, visible
from comments_service.core.paging import floors_of, page_of, pages
from comments_service.core.rules import Facts, screen
from comments_service.core.threads import normalised_key, origin_of, page_address, thread_number
from comments_service.core.tree import MAX_NESTING, nesting, reply_path


@given(st.integers(1, 10**9), st.integers(1, 100))
def test_every_floor_stands_on_one_page_for_good(floor: int, size: int) -> None:
    first, last = floors_of(page_of(floor, size), size)
    assert first <= floor <= last and last - first == size - 1
    assert page_of(floor, size) <= pages(floor, size)


def test_an_empty_thread_has_a_page_to_open() -> None:
    assert pages(0, 10) == 1


@given(st.lists(st.integers(1, 9_999_999), max_size=30))
def test_paths_are_bounded_and_never_lose_their_order(ordinals: list[int]) -> None:
    path = ""
    for level, ordinal in enumerate(ordinals, start=1):
        below = reply_path(path, ordinal)
        assert nesting(below) == min(level, MAX_NESTING)
        assert reply_path(path, ordinal + 1) > below
        path = below


@pytest.mark.parametrize(
    ("typed", "key"),
    [
        ("/post", "/post"),
        (" /post/ ", "/post"),
        ("/post#comments", "/post"),
        ("/", "/"),
        ("///", "/"),
        ("/%E6%96%87%E7%AB%A0/", "/文章"),
        ("/cafe\u0301", "/café"),
        ("/a%00b", "/a%00b"),
        ("/a%ffb", "/a%ffb"),
        ("/100%25", "/100%25"),
        ("/%2525", "/%2525"),
        ("/50%", "/50%"),
        ("/?p=12", "/?p=12"),
        ("post-7", "post-7"),
        ("", ""),
        ("#top", ""),
    ],
)
def test_a_key_has_one_spelling(typed: str, key: str) -> None:
    assert normalised_key(typed) == key
    assert normalised_key(key) == key


def test_a_threads_number_is_the_same_in_every_process_and_release() -> None:
    """Stored rows are found by it: a change here would lose every thread."""
    assert thread_number(1, "/post") == 3373762851923068765
    assert 0 <= thread_number(2, "/文章") < 2**63
    assert thread_number(1, "/post") != thread_number(2, "/post")


@pytest.mark.parametrize(
    ("url", "origin"),
    [
        ("https://Blog.Example/x", "https://blog.example"),
        ("https://blog.example:443/", "https://blog.example"),
        ("http://blog.example:8080", "http://blog.example:8080"),
        ("http://[::1]:8000/", "http://[::1]:8000"),
        ("javascript:alert(1)", None),
        ("//blog.example", None),
        ("https://", None),
        ("https://blog.example:x", None),
        ("null", None),
        ("", None),
    ],
)
def test_an_origin_is_written_as_browsers_write_it(url: str, origin: str | None) -> None:
    assert origin_of(url) == origin


@pytest.mark.parametrize(
    ("key", "url", "sender", "address"),
    [
        ("/a", "https://b.example/a?utm=1", "", "https://b.example/a"),
        ("/a", "", "https://b.example", "https://b.example/a"),
        ("/文", "", "https://b.example", "https://b.example/%E6%96%87"),
        ("/a", "https://evil.example/a", "", None),
        ("/a", "", "", None),
        ("post-7", "https://b.example/x#top", "", "https://b.example/x"),
        ("post-7", "", "https://b.example", None),
        ("post-7", "javascript:alert(1)", "https://b.example", None),
    ],
)
def test_a_threads_address_is_on_its_own_site(
    key: str, url: str, sender: str, address: str | None
) -> None:
    assert page_address(key, url, ("https://b.example",), sender) == address


def test_readers_notice_what_appears_and_disappears() -> None:
    for before in STATUSES:
        for after in STATUSES:
            kind = change_kind(before, after)
            expected = {(False, True): "published", (True, False): "removed"}
            assert kind == expected.get((visible(before), visible(after)))


@pytest.mark.parametrize(
    ("mode", "proven", "status", "codes"),
    [
        ("none", False, "approved", []),
        ("first-time", True, "approved", []),
        ("first-time", False, "pending", ["first_comment_waits"]),
        ("all", True, "pending", ["every_comment_waits"]),
    ],
)
def test_the_mode_decides_whose_comments_wait(
    mode: str, proven: bool, status: str, codes: list[str]
) -> None:
    verdict = screen(Facts(mode=mode, proven=proven))  # type: ignore[arg-type]
    assert (verdict.status, [reason.code for reason in verdict.reasons]) == (status, codes)
