"""Every attack through the one function that makes html: it stays text, or what the lists allow."""

from __future__ import annotations

import json
import re
from functools import cache
from html import unescape
from pathlib import Path
from urllib.parse import urlsplit
from xml.etree.ElementTree import Element

import nh3
import pytest
from bleach._vendor import html5lib
from pydantic import ValidationError

from comments_service.core.characters import clean_body
from comments_service.core.draft import NAME, TITLE, WEBSITE, Draft
from comments_service.core.rendered import Rendered
from comments_service.core.text import render
from tests.allowed import (
    INSIDE_MTEXT,
    MATHML,
    MATHML_ATTRIBUTES,
    TEXT,
    TEXT_ATTRIBUTES,
    stored_faults,
)
from tests.attacks import COUNT, DATA, FAMILIES, Grammar, everything, from_folder, generate

PARTS = 8  # each worker takes some
ATTRIBUTES = {tag: set(named) for tag, named in MATHML_ATTRIBUTES.items()}
ATTRIBUTES |= {tag: set(named) for tag, named in TEXT_ATTRIBUTES.items()}


def _allowed(tag: str, name: str, value: str) -> str | None:
    listed = (TEXT_ATTRIBUTES if tag in TEXT else MATHML_ATTRIBUTES)[tag]
    return value if re.fullmatch(listed[name], value) else None


ORACLE = nh3.Cleaner(
    tags=TEXT | MATHML | INSIDE_MTEXT,
    attributes=ATTRIBUTES,
    attribute_filter=_allowed,
    link_rel=None,
    url_relative="pass_through",
)


@cache
def shown(body: str) -> Rendered:
    return render(clean_body(body))


@pytest.mark.parametrize("part", range(PARTS))
def test_every_attack_is_reduced_to_the_closed_lists(part: int) -> None:
    for attack in everything()[part::PARTS]:
        rendered = shown(attack.body)
        assert stored_faults(rendered.html) == [], (attack, rendered.html)
        # nh3, which reads as HTML5 says, takes nothing away; it only spells entities otherwise
        assert unescape(ORACLE.clean(rendered.html)) == unescape(rendered.html), attack
        assert "\n" not in rendered.excerpt, attack


@pytest.mark.parametrize("part", range(PARTS))
def test_another_reader_sees_the_same_namespaces_and_reads_them_again(part: int) -> None:
    for attack in everything()[part :: PARTS * 5]:
        html = shown(attack.body).html
        tree = html5lib.parseFragment(html)
        for element in tree.iter():
            assert element is tree or _namespaced(element), (attack, element.tag)
        again = html5lib.serialize(tree, quote_attr_values="always", omit_optional_tags=False)
        assert html5lib.serialize(
            html5lib.parseFragment(again), quote_attr_values="always", omit_optional_tags=False
        ) == again, attack  # fmt: skip


def _namespaced(element: Element) -> bool:
    place, _, name = str(element.tag).rpartition("}")
    if place == "{http://www.w3.org/1998/Math/MathML":
        return name in MATHML
    return place == "{http://www.w3.org/1999/xhtml" and name in TEXT | INSIDE_MTEXT


def test_names_and_websites_are_one_clean_line_or_refused() -> None:
    websites, refused = 0, set[int | str]()
    for attack in everything():
        for website in (attack.body, *re.findall(r"\w+:[^\s)]+", attack.body)):
            try:
                draft = Draft(
                    thread="/x", name=attack.body[:NAME], title=attack.body[:TITLE], body="x",
                    website=website[:WEBSITE],
                )  # fmt: skip
            except ValidationError as error:
                refused |= {item["loc"][0] for item in error.errors()}
                continue
            for line in (draft.name, draft.title):
                assert not re.search("[\x00-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069]", line)
            websites += bool(draft.website)
            assert not re.search(r"[\s<>\"'`\\@]", urlsplit(draft.website).netloc)
            assert not re.search(r"[\s<>\"'`\\]", draft.website)
            assert draft.website == "" or draft.website[:7].lower() in ("http://", "https:/")
    assert websites > 100
    assert refused <= {"name", "title", "website"}


# --- The generator and the folder ---


def test_the_generator_uses_every_production_and_repeats_nothing() -> None:
    grammar = Grammar(DATA / "attacks.grammar", seed=7)
    made = generate(grammar, COUNT)
    assert len({attack.body for attack in made}) == COUNT >= 10_000
    assert len(grammar.productions) > 900
    assert grammar.productions == set(grammar.used)
    for family in FAMILIES:
        assert sum(attack.family == family for attack in made) > COUNT / len(FAMILIES) - 1
    assert len({re.sub(r"\W+|\d+", " ", attack.body) for attack in made}) > COUNT / 2


def test_the_generator_makes_the_same_of_the_same_seed() -> None:
    first, same, other = (
        generate(Grammar(DATA / "attacks.grammar", seed), 200) for seed in (1, 1, 2)
    )
    assert first == same
    assert len(set(first) & set(other)) < 100


def test_a_folder_of_further_payloads(tmp_path: Path) -> None:
    (tmp_path / "more").mkdir()
    (tmp_path / "list.txt").write_text("<b>\n\n$x$\u2028\n", "utf-8")
    lines = [json.dumps(value) for value in ("<i>\n", {"body": "<u>"}, {"payload": "<s>"})]
    (tmp_path / "more" / "list.jsonl").write_text("\n".join(lines), "utf-8")
    bodies = [attack.body for attack in from_folder(tmp_path)]
    assert bodies == ["<b>", "$x$\u2028", "<i>\n", "<u>", "<s>"]
