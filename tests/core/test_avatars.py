"""Identicons: alike on both sides, different for different people, and well-formed."""

from __future__ import annotations

import re
from xml.etree import ElementTree as ET

from hypothesis import given
from hypothesis import strategies as st

from comments_service.core.avatars import HASH, figure, hue, path, squares, svg
from comments_service.core.draft import keyed_hash

HASHES = st.text(alphabet="0123456789abcdef", min_size=32, max_size=32)


@given(HASHES)
def test_a_figure_is_alike_on_both_sides_and_inside_its_box(digest: str) -> None:
    found = set(squares(digest))
    assert found == {(4 - column, row) for column, row in found}
    assert all(0 <= column < 5 and 0 <= row < 5 for column, row in found)
    root = ET.fromstring(svg(digest))
    assert root.tag.endswith("svg") and HASH.fullmatch(digest)


@given(HASHES)
def test_a_path_fills_the_squares_and_no_others(digest: str) -> None:
    lines = [map(int, found) for found in re.findall(r"M(\d) (\d)v(\d)", path(digest))]
    filled = [(x, row) for x, top, length in lines for row in range(top, top + length)]
    assert filled == squares(digest)
    assert re.fullmatch(r"(M\d \dv\d)*", path(digest))
    assert figure(f"https://comments.example/avatars/{digest}.svg") == (hue(digest), path(digest))


def test_figures_are_of_our_own_addresses_alone() -> None:
    for address in (None, "", f"https://gravatar.com/avatar/{'0' * 64}?d=identicon", "/avatars/0"):
        assert figure(address) is None


def test_people_look_different() -> None:
    figures = {svg(keyed_hash("secret", f"person {n}")) for n in range(1_000)}
    assert len(figures) > 980
