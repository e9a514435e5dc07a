"""The rules that decide what happens to a new or edited comment: an ordered list, the first decisive one ends it."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any, Literal

from comments_service.core.kinds import behaviour, checked, learned, links, people, words
from comments_service.core.kinds.base import Facts, Field, Kind, Look, Mode, Need, Params
from comments_service.core.moderation import Status
from comments_service.core.sentence import Sentence

__all__ = ["Facts", "Mode", "Params"]

RuleAction = Literal["publish", "hold", "spam", "reject"]
ACTIONS: tuple[RuleAction, ...] = ("publish", "hold", "spam", "reject")
State = Literal["on", "shadow", "off", "deleted"]
STATES: tuple[State, ...] = ("on", "shadow", "off")
"""What somebody can choose; 'deleted' is what deleting leads to, so that it can be taken back."""

KINDS: dict[str, Kind] = {
    **people.KINDS,
    **words.KINDS,
    **links.KINDS,
    **behaviour.KINDS,
    **learned.KINDS,
    **checked.KINDS,
}

_STATUS: dict[RuleAction, Status] = {
    "publish": "approved",
    "hold": "pending",
    "spam": "spam",
    "reject": "rejected",
}


@dataclass(frozen=True, slots=True)
class Rule:
    """One rule as stored; the fields stand as in schema.sql. `site_id` 0: of every site."""

    rule_id: int
    site_id: int
    position: int
    kind: str
    params: str
    action: RuleAction
    state: State
    version: int
    note: str
    expires_at: int | None
    created_at: int
    created_by: str

    @property
    def chosen(self) -> dict[str, Any]:
        """Return what it looks for, as plain values."""
        found: dict[str, Any] = json.loads(self.params)
        return found

    def expired(self, at: int) -> bool:
        """Say whether its time is over."""
        return self.expires_at is not None and self.expires_at <= at


@dataclass(frozen=True)
class Asked:
    """A rule that is ready to be asked."""

    rule: Rule
    look: Look
    patterned: bool = False

    @property
    def needs(self) -> frozenset[Need]:
        """Return what has to be looked up for it."""
        return KINDS[self.rule.kind].needs


def prepared(rule: Rule) -> Asked:
    """Return a rule with its parameters read and its patterns compiled. Raises ValidationError."""
    kind, chosen = KINDS[rule.kind], rule.chosen
    return Asked(rule, kind.look(kind.params.model_validate(chosen)), patterned(chosen))


def patterned(chosen: Mapping[str, Any]) -> bool:
    """Say whether parameters name patterns, of which a single one may take a second for a long text."""
    return "pattern" in (chosen.get("how"), chosen.get("by"))


@dataclass(frozen=True)
class Reason:
    """Why a rule decided: a stable code, the rule and its version, and the spans of the field it matched."""

    code: str
    rule: str
    version: int = 1
    spans: tuple[tuple[int, int], ...] = ()
    field: Field = "body"


@dataclass(frozen=True)
class Hit:
    """That a rule had something to say; in shadow it only would have."""

    rule_id: int
    rule_version: int
    action: RuleAction
    shadow: bool


@dataclass(frozen=True)
class Verdict:
    """What the rules decided, with every reason, and all hits, those in shadow too."""

    status: Status
    reasons: tuple[Reason, ...] = ()
    hits: tuple[Hit, ...] = ()


def _mode(facts: Facts) -> Verdict:
    """Return what the site's mode says of a comment of which no rule had anything to say."""
    if facts.mode == "all":
        return Verdict("pending", (Reason("every_comment_waits", "mode"),))
    if facts.mode == "first-time" and not facts.proven:
        return Verdict("pending", (Reason("first_comment_waits", "mode"),))
    return Verdict("approved")


IN_WORDS = {
    "every_comment_waits": Sentence("Every comment here waits for a moderator."),
    "first_comment_waits": Sentence("A first comment waits for a moderator."),
    "reported": Sentence("Several readers reported it."),
    "imported": Sentence("It was waiting where it was imported from."),
    "word_found": Sentence("It has words that a rule of this site names."),
    "script_found": Sentence("It is written in letters that a rule of this site names."),
    "too_many_links": Sentence("It has more links than a rule of this site allows."),
    "domain_listed": Sentence("It leads to a place that a rule of this site names."),
    "email_listed": Sentence("A rule of this site names its e-mail address."),
    "name_reserved": Sentence("Its name is kept for somebody else."),
    "name_alike": Sentence("Its name looks like that of a moderator."),
    "network_listed": Sentence("A rule of this site names the network it came from."),
    "author_proven": Sentence("Its author has written here before."),
    "banned": Sentence("A moderator has banned what it says or whoever wrote it."),
    "trap_filled": Sentence("A field was filled in that people do not see."),
    "filled_too_fast": Sentence("It was sent faster than people write."),
    "too_many": Sentence("Many comments came from its network in a short time."),
    "near_duplicate": Sentence("It says almost the same as another comment."),
    "checker_spam": Sentence("A spam checker takes it for spam."),
    "checker_silent": Sentence("The spam checker did not answer, so a moderator has to look."),
    "learned_spam": Sentence("It is like comments that moderators took for spam."),
    "thread_too_old": Sentence("The discussion is older than a rule of this site allows."),
}


def screen(facts: Facts, rules: Iterable[Asked] = ()) -> Verdict:
    """Return the verdict of the first rule that is on and has something to say, or else of the site's mode.

    Rules in shadow before it are asked too, and only counted.
    """
    hits: list[Hit] = []
    for asked in rules:
        rule = asked.rule
        if rule.expired(facts.at) or rule.state not in ("on", "shadow"):
            continue
        found = asked.look(facts)
        if not found:
            continue
        action: RuleAction = "hold" if any(m.holds for m in found) else rule.action
        hits.append(Hit(rule.rule_id, rule.version, action, rule.state == "shadow"))
        if rule.state == "on":
            name, version = str(rule.rule_id), rule.version
            why = tuple(Reason(m.code, name, version, m.spans, m.field) for m in found)
            return Verdict(_STATUS[action], why, tuple(hits))
    said = _mode(facts)
    return Verdict(said.status, said.reasons, tuple(hits))
