"""Both engines find the same: what every word of a query is in, by index or line by line; held text never."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from unittest import mock

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from comments_service.core import search as core_search
from comments_service.core import tokens
from comments_service.core.filters import FIRST, Filter, Place
from comments_service.core.models import Comment, Visitor
from comments_service.core.search import line_of, query
from comments_service.operations import (
    answering,
    commenting,
    deciding,
    indexing,
    moderating,
    searching,
)
from comments_service.operations.deciding import Ask
from comments_service.storage import finding, search
from tests.conftest import MONA, House

BODY = r"由二项式定理 $(1+x)^n = \sum_k \binom{n}{k} x^{k}$, Poincaré's theorems converge."


async def found(house: House, text: str, **more: object) -> set[int]:
    """What readers find, all of it."""
    ids: set[int] = set()
    place: Place | None = FIRST
    while place:
        pairs, place = await searching.published(
            house.service, house.site, query(text), 2, after=place, **more  # type: ignore[arg-type]
        )  # fmt: skip
        assert not ids & {found.comment.id for found in pairs}
        ids |= {found.comment.id for found in pairs}
    return ids


async def found_by_mona(house: House, text: str, **more: object) -> set[int]:
    wanted = Filter("all", text=text, **more)  # type: ignore[arg-type]
    items = await moderating.items(house.service, MONA, wanted)
    assert await deciding.count(house.service, moderating.seen_by(MONA, wanted)) == len(items)
    return {item.comment.id for item in items}


@pytest.fixture(params=["by the index", "line by line"])
def way(request: pytest.FixtureRequest) -> Iterator[None]:
    """Both ways in which a query may be answered: few have its words, or many."""
    few = search.FEW if request.param == "by the index" else 1
    with mock.patch.object(search, "FEW", few), mock.patch.object(finding, "REACH", 3):
        yield


PIECES = (
    st.sampled_from(
        [
            "二项式", "定理", "x^2", "x²", r"\frac{a}{b}", r"\sum", "theorem", "Theorems", "é", "e", " ",
            '"', "'", "%", "_", "!", "\\", "a_n", "|", "@", "·", "∑", "42", "4", "ガード", "안녕", "\n", "式",
        ]
    )
    | st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0"), max_size=3)
)  # fmt: skip
TEXTS = st.lists(PIECES, min_size=1, max_size=12).map("".join).filter(str.strip)


@pytest.mark.usefixtures("way")
@settings(max_examples=20, deadline=None, suppress_health_check=list(HealthCheck))
@given(st.lists(TEXTS, min_size=1, max_size=3), st.data())
async def test_what_is_found_is_what_has_every_term_in_its_line(
    house: House, texts: list[str], data: st.DataObject
) -> None:
    key = f"/{house.clock.now}"
    posted = []
    for number, text in enumerate(texts):
        body = f"{text} z{number}"
        posted.append((await house.post(body, thread=key, email="ann@blog.example")).comment)
    lines = {c.id: line_of(c.name, c.body, c.email) for c in posted}
    for _ in range(6):
        text = data.draw(st.sampled_from(texts))
        start = data.draw(st.integers(0, len(text) - 1))
        part = text[start : data.draw(st.integers(start + 1, len(text)))]
        asked = data.draw(st.sampled_from([part, f'"{part}"', f"{part} alice", f"ann {part}"]))
        wanted = query(asked)
        expected = {number for number, line in lines.items() if wanted.found_in(line)}
        assert await found(house, asked, key=key) == expected, asked
        if asked.strip():
            expected = {n for n, line in lines.items() if wanted.found_in(line, private=True)}
            thread_id = posted[0].thread_id
            assert await found_by_mona(house, asked, thread_id=thread_id) == expected, asked


@pytest.mark.usefixtures("way")
async def test_what_is_held_is_found_by_moderators_alone(strict_house: House) -> None:
    house = strict_house
    comment = (await house.post(BODY, email="ann@blog.example")).comment
    assert await found(house, "二项式") == set()
    assert await found_by_mona(house, "二项式") == {comment.id}
    [item] = await moderating.items(house.service, MONA, Filter(text="ANN@blog.example"))
    assert item.comment.id == comment.id
    await deciding.decide(house.service, MONA, [Ask(comment.id, 1, "approve")])
    assert await found(house, "二项式 \\binom") == {comment.id}
    for private in ("ann@blog.example", "ann", "192.0.2.1", '"alice ann"'):
        assert await found(house, private) == set()
    await deciding.decide(house.service, MONA, [Ask(comment.id, 2, "delete")])
    assert await found(house, "二项式") == set()


@pytest.mark.usefixtures("way")
async def test_filters_are_asked_together(strict_house: House) -> None:
    house = strict_house
    one = (await house.post("cheap watches", thread="/a")).comment
    two = (await house.post("cheap watches", thread="/b", name="bob")).comment
    await deciding.decide(house.service, MONA, [Ask(two.id, 1, "spam")])
    for wanted, expected in [
        (Filter("all", text="watch"), {one.id, two.id}),
        (Filter("spam", text="watch"), {two.id}),
        (Filter("pending", text="watch", thread_id=one.thread_id), {one.id}),
        (Filter("all", text="watch", author="bob"), {two.id}),
        (Filter("all", text="watch", since=two.created_at), {two.id}),
        (Filter("all", text="watch", site_id=one.site_id + 1), set()),
        (Filter("all", text="?!"), set()),
    ]:
        for oldest in (False, True):
            items = await moderating.items(house.service, MONA, wanted, oldest=oldest)
            assert {item.comment.id for item in items} == expected, wanted
    assert await deciding.count(house.service, Filter("all", text="?!")) == 0


@pytest.mark.usefixtures("way")
async def test_what_sql_means_otherwise_is_only_text(house: House) -> None:
    posted = {
        text: (await house.post(text)).comment.id for text in ("x_1", "x^1", "x a 1", "100% ok")
    }
    assert await found(house, "x_1") == {posted["x_1"]}
    assert await found(house, "100%") == {posted["100% ok"]}
    for attack in (
        "' OR 1=1 --",
        '" OR "x',
        "x* NEAR(1)",
        ":*",
        "x' | 'y",
        "%",
        "_",
        "!",
        "\\",
        "^",
    ):
        await found(house, attack)
    assert await found(house, "a" * 10_000) == set()
    assert await found(house, "字" * 200) == set()


@pytest.mark.usefixtures("way")
async def test_an_edited_comment_is_found_by_what_it_says_now(house: House) -> None:
    comment = (await house.post(BODY)).comment
    visitor = Visitor("192.0.2.1", "tests", frozenset({comment.id}))
    await commenting.edit_comment(house.service, house.site, comment.id, "两个公式", visitor)
    assert (await found(house, "二项式"), await found(house, "公式")) == (set(), {comment.id})
    await answering.edit(house.service, MONA, Ask(comment.id, 2, "approve"), "gone")
    assert (await found(house, "公式"), await found(house, "gone")) == (set(), {comment.id})


async def test_the_newest_come_first_in_pieces(house: House) -> None:
    posted = [(await house.post(f"words {n}")).comment.id for n in range(5)]
    with mock.patch.object(search, "FEW", 1), mock.patch.object(finding, "REACH", 2):
        seen: list[int] = []
        place: Place | None = FIRST
        while place:
            pairs, place = await searching.published(
                house.service, house.site, query("words"), 10, after=place
            )
            assert len(pairs) <= 2
            seen += [found.comment.id for found in pairs]
    assert seen == posted[::-1]


async def stored(house: House) -> list[Comment]:
    return await finding.without_words(house.service.database, (-1, -1), 100)


async def test_older_comments_get_their_words_from_where_it_stopped(house: House) -> None:
    service = house.service
    posted = [(await house.post(f"{BODY} {n}", thread=f"/t/{n}")).comment for n in range(6)]
    await service.database.write(search.begin_anew)
    assert await found(house, "二项式") == set() and len(await stored(house)) == 6

    stopped = replace(service, database=_Stopping(service.database, 3))
    with mock.patch.object(indexing, "_BATCH", 2), pytest.raises(KeyboardInterrupt):
        await indexing.catch_up(stopped)
    left = len(await stored(house))
    assert 0 < left < 6
    late = (await house.post("late")).comment
    assert await found(house, "late") == {late.id}
    assert await indexing.catch_up(service) == left
    assert await found(house, "二项式") == {comment.id for comment in posted}
    assert await indexing.catch_up(service) == 0


async def test_other_tokens_make_all_words_anew(house: House) -> None:
    comment = (await house.post("words")).comment
    newer = tokens.VERSION + 1
    with (
        mock.patch.object(search, "VERSION", newer),
        mock.patch.object(indexing, "VERSION", newer),
        mock.patch.object(
            core_search, "tokens", lambda text: [f"t{part}" for part in text.split()]
        ),
    ):
        assert await indexing.catch_up(house.service) == 1
        assert await found(house, "words") == {comment.id}
    assert await found(house, "twords") == {comment.id}
    assert await indexing.catch_up(house.service) == 1
    assert await found(house, "words") == {comment.id}


class _Stopping:
    """A database of a process that is stopped after some transactions."""

    def __init__(self, database: object, left: int) -> None:
        self._database, self._left = database, left

    def __getattr__(self, name: str) -> object:
        return getattr(self._database, name)

    async def write(self, body: object, **options: object) -> object:
        self._left -= 1
        if self._left < 0:
            raise KeyboardInterrupt
        return await self._database.write(body, **options)  # type: ignore[attr-defined]
