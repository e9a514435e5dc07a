"""The element's events, methods and attributes are the same in its script, its types and its document."""

from __future__ import annotations

import re
from pathlib import Path

ROOT = Path(__file__).parents[1]
STATIC = ROOT / "comments_service" / "static"
SCRIPTS = "\n".join(path.read_text("utf-8") for path in sorted(STATIC.glob("**/*.js")))
EMBED = (STATIC / "embed.js").read_text("utf-8")
TYPES = (STATIC / "embed.d.ts").read_text("utf-8")
DOCUMENT = (ROOT / "docs" / "embedding.md").read_text("utf-8")


def test_events() -> None:
    told = {f"comments:{name}" for name in re.findall(r'\.tell\("([\w-]+)"', SCRIPTS)}
    assert told == set(re.findall(r'^  "(comments:[\w-]+)"', TYPES, re.MULTILINE))
    assert told == set(re.findall(r"^\| `(comments:[\w-]+)`", DOCUMENT, re.MULTILINE))


def test_methods() -> None:
    element = EMBED.split("class CommentThread ")[1].split("\n}\n")[0]
    lives = {"connectedCallback", "disconnectedCallback", "attributeChangedCallback"}
    methods = set(re.findall(r"^  (?:async )?(\w+)\(", element, re.MULTILINE)) - lives
    interface = TYPES.split("interface CommentThread ")[1].split("\n}\n")[0]
    assert methods == set(re.findall(r"^  (\w+)\(", interface, re.MULTILINE))
    assert methods == set(re.findall(r"^\| `(\w+)\(", DOCUMENT, re.MULTILINE))


def test_attributes() -> None:
    read = set(re.findall(r'host\.(?:get|has)Attribute\("([\w-]+)"\)', SCRIPTS))
    read |= set(re.findall(r'"([\w-]+)"', re.search(r"observedAttributes = \[(.*)\]", EMBED)[1]))  # type: ignore[index]
    ours = {"standalone", "style"}  # of the service's own page, and the script's
    table = DOCUMENT.split("| attribute | default | |")[1].split("\n\n")[0]
    assert read - ours == set(re.findall(r"^\| `([\w-]+)`", table, re.MULTILINE))
