"""docs/writing.md is true: its examples, pictures, warnings and limits are today's."""

from __future__ import annotations

import json
import re

import pytest

from comments_service import renderer_child
from comments_service.core import (
    draft,
    excerpt,
    formulas,
    latex,
    macros,
    markdown,
    mathml,
    shims,
    tex,
    text,
)
from comments_service.core.rendered import MESSAGES
from docs.writing.pictures import DOCUMENT, SHOWN, Example, digest, examples
from tests.test_docs import headings

WRITING = DOCUMENT.read_text("utf-8")
EXAMPLES = list(examples())
LIMITS: dict[str, tuple[float, ...]] = {
    "a comment": (draft.BODY,),
    "a formula in a line": (latex._SHORT,),
    "a displayed formula": (latex._LONG,),
    "formulas in a comment": (latex.Budget.formulas,),
    "levels of braces, `\\left` and `\\begin` in a formula": (tex._NESTING,),
    "commands in a row, with nothing between them": (tex._RUN,),
    "round and square brackets in a formula, open at once": (tex._OPEN,),
    "macros used in a formula": (macros._EXPANSIONS, macros._LENGTH),
    "a formula with its macros written out": (formulas._WRITTEN,),
    "what is drawn of a formula": (mathml._NODES, mathml._DEPTH, mathml._BYTES),
    "what is drawn of all formulas of a comment": (formulas._LENGTH,),
    "time for drawing the formulas of a comment": (renderer_child.DRAWING_SECONDS,),
    "quotes in quotes": (17,),
    "lists in lists": (8,),
    "cells of all tables in a comment": (markdown._CELLS,),
    "HTML of a comment without its formulas": (text._LENGTH,),
    "your name": (draft.NAME,),
    "a website's address": (draft.WEBSITE,),
}


def table(heading: str) -> list[list[str]]:
    """Return the cells of the table under a heading, without its first row."""
    section = re.split(rf"^## {heading}$", WRITING, flags=re.MULTILINE)[1].split("\n## ")[0]
    rows = [line for line in section.split("\n") if line.startswith("| ")]
    cells = [re.split(r"(?<!\\) ?\| ?", row.strip("| ")) for row in rows[1:]]
    return [cell for cell in cells if cell]


def named(example: Example) -> str:
    return example.picture.stem


@pytest.mark.parametrize("example", EXAMPLES, ids=named)
def test_an_example_gets_the_warnings_that_are_said(example: Example) -> None:
    assert [notice.code for notice in text.render(example.source).warnings] == example.warnings


@pytest.mark.parametrize("example", EXAMPLES, ids=named)
def test_a_picture_shows_what_is_made_today(example: Example) -> None:
    shown = json.loads(SHOWN.read_text("utf-8"))
    assert shown.get(named(example)) == digest(example), "run: make pictures"
    assert example.picture.read_bytes().startswith(b"\x89PNG")


def test_pictures_are_few_small_and_all_used() -> None:
    pictures = set(SHOWN.parent.glob("*.png"))
    assert pictures == {example.picture for example in EXAMPLES}
    assert set(json.loads(SHOWN.read_text("utf-8"))) == {named(example) for example in EXAMPLES}
    assert len(pictures) == len(EXAMPLES) > 20
    assert sum(picture.stat().st_size for picture in pictures) < 600_000


def test_every_warning_is_explained_and_comes_as_is_said() -> None:
    rows = table("Warnings")
    codes = [row[0].strip("`") for row in rows]
    assert sorted(codes) == sorted(MESSAGES)
    for code, row in zip(codes, rows, strict=True):
        if row[1]:
            found = text.render(row[1].strip("`")).warnings
            assert [notice.code for notice in found] == [code], row


def test_limits_are_those_of_the_code() -> None:
    written = {
        row[0]: tuple(float(n) for n in re.findall(r"[0-9.]+", row[1].replace(",", "")))
        for row in table("Limits")
    }
    assert written == LIMITS


@pytest.mark.parametrize(
    ("most", "begin", "end"),
    [
        (LIMITS["quotes in quotes"][0], "> ", ""),
        (LIMITS["lists in lists"][0], "- ", ""),
        (tex._NESTING, "{", "}"),
        (tex._OPEN, "(", ")"),
        (tex._RUN, r"\hat ", ""),
        (latex.Budget.formulas, "$x$ ", ""),
    ],
)
def test_a_limit_is_reached_and_not_passed(most: int, begin: str, end: str) -> None:
    mark = "$" if begin[0] in "{(\\" else ""
    for count, warnings in ((int(most), 0), (int(most) + 1, 1)):
        source = f"{mark}{begin * count}x{end * count}{mark}"
        assert len(text.render(source).warnings) == warnings, source


def test_excerpts_are_as_is_said() -> None:
    (width,) = excerpt.excerpt.__defaults__ or ()
    assert f"the first {width} columns" in " ".join(WRITING.split())
    plain = text.render(r"$\sqrt{a^2+b^2}$").excerpt
    assert f"as in `{plain}`" in " ".join(WRITING.split())


def test_what_is_refused_is_listed() -> None:
    paragraph = re.findall(r"^Refused.*?\n\n", WRITING, re.MULTILINE | re.DOTALL)[0]
    assert set(re.findall(r"`\\(\w+)`", paragraph)) == shims._REFUSED


def test_what_is_said_to_be_unknown_is() -> None:
    paragraph = re.findall(r"^Not known.*?\n\n", WRITING, re.MULTILINE | re.DOTALL)[0]
    for name in re.findall(r"`\\(\w+)`", paragraph):
        (notice,) = text.render(rf"$\{name}{{a}}{{b}}$").warnings
        assert notice.code == "formula_unknown", name
    for name in re.findall(r"`(\w+)`", paragraph):
        assert text.render(rf"$$\begin{{{name}}}A\end{{{name}}}$$").warnings, name


def test_macros_that_are_said_to_be_known_are() -> None:
    paragraph = re.findall(r"^Known without.*?\n\n", WRITING, re.MULTILINE | re.DOTALL)[0]
    for name in re.findall(r"`(\\\w+)`", paragraph):
        assert text.render(f"${name}{{a}}{{b}}$").warnings == (), name


def test_the_contents_name_every_section() -> None:
    contents = re.findall(r"\]\(#([^)]+)\)", WRITING.split("\n## ")[0])
    assert len(contents) > 5
    assert set(contents) <= headings(DOCUMENT)
