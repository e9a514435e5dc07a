"""What the dashboard calls rules: their kinds, what is chosen for them, what they do, what was done to them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

from comments_service.core.kinds.words import SCRIPTS
from comments_service.core.rules import KINDS, Rule, RuleAction, State
from comments_service.core.sentence import Note
from comments_service.language import Language
from comments_service.operations.judging import Dossier

KIND: dict[str, Note] = {
    "words": Note("Words"),
    "links": Note("Number of links"),
    "domains": Note("Domains"),
    "emails": Note("E-mail addresses"),
    "names": Note("Names"),
    "networks": Note("Networks"),
    "script": Note("Script"),
    "trap": Note("Trap for programs"),
    "fast": Note("Sent too fast"),
    "often": Note("Too many in a time"),
    "alike": Note("Almost the same"),
    "age": Note("Old discussions"),
    "learned": Note("Learned words"),
    "checker": Note("Spam checker"),
    "proven": Note("Proven authors"),
    "ban": Note("Ban"),
}
KIND_MEANS: dict[str, Note] = {
    "words": Note("words or patterns in text, name or website"),
    "links": Note("more links than so many"),
    "domains": Note("links to some domains, or below them"),
    "emails": Note("addresses, or all addresses of a domain"),
    "names": Note("reserved names, and those that look like a moderator's"),
    "networks": Note("visitors from some networks"),
    "script": Note("a share of the letters in a script, as Cyrillic or Han"),
    "trap": Note("a field is filled in that people do not see"),
    "fast": Note("sent sooner than people write"),
    "often": Note("many comments of one network in some minutes"),
    "alike": Note("a text that is nearly that of another comment"),
    "age": Note("the first comment is older than so many days"),
    "learned": Note("a text whose words are like those that moderators took for spam"),
    "checker": Note(
        "what a checker outside, as Akismet, takes for spam; held where it says nothing"
    ),
    "proven": Note("whose earlier comment is shown, by the receipt of their browser"),
    "ban": Note("one name, address, network, domain or pattern"),
}
ACTION: dict[RuleAction, Note] = {
    "publish": Note("Publish"),
    "hold": Note("Hold for a moderator"),
    "spam": Note("Mark as spam"),
    "reject": Note("Reject"),
}
ACTION_MEANS: dict[RuleAction, Note] = {
    "publish": Note("it appears at once"),
    "hold": Note("it waits, and its author is told why"),
    "spam": Note("it goes to the spam queue; its author sees it waiting"),
    "reject": Note("it is not stored; its author reads why, and keeps what was typed"),
}
STATE: dict[State, Note] = {
    "on": Note("On"),
    "shadow": Note("In shadow"),
    "off": Note("Off"),
    "deleted": Note("Deleted"),
}
STATE_MEANS: dict[State, Note] = {
    "on": Note("it acts"),
    "shadow": Note("it only counts what it would have done"),
    "off": Note("it is not asked"),
}
BY: dict[str, Note] = {
    "name": Note("Name"),
    "email": Note("E-mail"),
    "network": Note("Network"),
    "domain": Note("Domain"),
    "pattern": Note("Pattern"),
}
FIELD: dict[str, Note] = {
    "name": Note("in the name"),
    "email": Note("in the e-mail address"),
    "website": Note("in the website"),
}
DONE: dict[str, Note] = {
    "rule_add": Note("Made a rule"),
    "rule_change": Note("Changed a rule"),
    "rule_delete": Note("Deleted a rule"),
    "rule_move": Note("Moved a rule"),
    "rule_undo": Note("Took a change of a rule back"),
}


@dataclass(frozen=True)
class Choice:
    """One thing to be chosen for a kind of rule."""

    name: str
    type: Literal["lines", "number", "tick", "select"]
    label: Note
    hint: Note | None = None
    values: Mapping[str, Note | str] = field(default_factory=dict)


_LINES = Note("One in each line.")
CHOICES: dict[str, tuple[Choice, ...]] = {
    "words": (
        Choice("words", "lines", Note("Words or patterns"), _LINES),
        Choice(
            "how",
            "select",
            Note("Where they count"),
            None,
            {
                "literal": Note("wherever they stand"),
                "whole": Note("only as whole words"),
                "pattern": Note("as patterns (RE2)"),
            },
        ),
    ),
    "links": (Choice("most", "number", Note("Most links that are taken")),),
    "domains": (Choice("domains", "lines", Note("Domains"), _LINES),),
    "emails": (Choice("emails", "lines", Note("Addresses or domains"), _LINES),),
    "names": (
        Choice("names", "lines", Note("Reserved names"), _LINES),
        Choice("moderators", "tick", Note("Also names that look like a moderator's")),
    ),
    "networks": (
        Choice("networks", "lines", Note("Networks"), Note("As 192.0.2.0/24, one in each line.")),
    ),
    "script": (
        Choice("script", "select", Note("Script"), None, {name: name for name in SCRIPTS}),
        Choice(
            "when",
            "select",
            Note("When"),
            None,
            {"more": Note("so much or more"), "less": Note("less than that")},
        ),
        Choice("percent", "number", Note("Percent of the letters")),
    ),
    "trap": (),
    "fast": (Choice("seconds", "number", Note("Seconds from the first key")),),
    "often": (
        Choice("most", "number", Note("Comments")),
        Choice("minutes", "number", Note("within so many minutes")),
    ),
    "alike": (
        Choice(
            "distance",
            "number",
            Note("Difference"),
            Note("0 is the same words, 6 a few others, 16 the most."),
        ),
    ),
    "age": (Choice("days", "number", Note("Days since the first comment")),),
    "learned": (Choice("percent", "number", Note("How likely it is spam, in percent")),),
    "checker": (),
    "proven": (),
}
MADE_BY_HAND = tuple(CHOICES)
"""The kinds that somebody chooses among; a ban has a page of its own."""


def chosen(kind: str, params: Mapping[str, Any] | None = None) -> dict[str, str]:
    """Return what stands in the fields of a kind: what was chosen, or else what is usual."""
    values = dict(params or {})
    for name, info in KINDS[kind].params.model_fields.items():
        if name not in values and not info.is_required():
            values[name] = info.default
    return {name: _typed(value) for name, value in values.items()}


def _typed(value: Any) -> str:
    if isinstance(value, list | tuple):
        return "\n".join(value)
    return ("1" if value else "") if isinstance(value, bool) else str(value)


def summary(language: Language, rule: Rule) -> str:
    """Return what a rule looks for in a line: 'casino, poker'."""
    params = rule.chosen
    if rule.kind == "ban":
        return f"{language.say(BY[params['by']])}: {params['value']}"
    said = [_said(language, choice, params.get(choice.name)) for choice in CHOICES[rule.kind]]
    return " · ".join(text for text in said if text)


_SHOWN = 5  # lines of a list that are named


def _said(language: Language, choice: Choice, value: Any) -> str:
    if choice.type == "lines":
        more = " …" if len(value) > _SHOWN else ""
        return ", ".join(value[:_SHOWN]) + more
    if choice.type == "tick":
        return language.say(choice.label) if value else ""
    if choice.type == "select":
        return language.say(choice.values.get(value, value))
    return f"{language.say(choice.label)}: {value}"


def bans_of(found: Dossier) -> list[tuple[str, str]]:
    """Return by what the author of a comment can be banned: pairs of what, as in BY, and which."""
    comment = found.item.comment
    mail = comment.email.rpartition("@")[2]
    wanted = [
        ("name", comment.name),
        ("email", comment.email),
        ("email", f"@{mail}" if mail else ""),
        ("network", comment.network),
        *(("domain", host) for _, host in found.links),
    ]
    return [(by, value) for by, value in dict.fromkeys(wanted) if value]
