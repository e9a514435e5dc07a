"""The words of the dashboard for what the code calls by short names."""

from __future__ import annotations

from comments_service.core.moderation import Action, Queue, Status
from comments_service.core.sentence import Note
from comments_service.language import Language
from comments_service.web import account_words, notice_words, rule_words

STATUS: dict[Status, Note] = {
    "pending": Note("pending"),
    "approved": Note("approved"),
    "spam": Note("spam"),
    "rejected": Note("rejected"),
    "deleted": Note("deleted"),
}
QUEUE: dict[Queue, Note] = {
    "pending": Note("Pending"),
    "reported": Note("Reported"),
    "edited": Note("Edited"),
    "approved": Note("Approved"),
    "spam": Note("Spam"),
    "rejected": Note("Rejected"),
    "deleted": Note("Trash"),
    "all": Note("All"),
}
ACTION: dict[Action, Note] = {
    "approve": Note("Approve"),
    "hold": Note("Hold"),
    "spam": Note("Mark as spam"),
    "reject": Note("Reject"),
    "delete": Note("Delete"),
    "restore": Note("Restore"),
}
REPORT: dict[str, Note] = {
    "spam": Note("spam"),
    "abuse": Note("abuse"),
    "off-topic": Note("off-topic"),
    "other": Note("another reason"),
}
DONE: dict[str, Note] = {
    "approve": Note("Approved"),
    "hold": Note("Held"),
    "spam": Note("Marked as spam"),
    "reject": Note("Rejected"),
    "delete": Note("Deleted"),
    "restore": Note("Restored"),
    "edit": Note("Edited"),
    "undo": Note("Taken back"),
}

_EVERY_ACT: dict[str, Note] = {
    **account_words.DONE,
    **notice_words.DONE,
    **rule_words.DONE,
    **DONE,
}


def done(language: Language, action: str) -> str:
    """Return what was done by an act, for people; an act that is not known by its own name."""
    return language.say(_EVERY_ACT.get(action, action))


def who(language: Language, actor: str, names: dict[str, str], own: str = "") -> str:
    """Return what people call an actor on record; `own` is the name of whoever asks."""
    if actor == own:
        return language.say(Note("you"))
    if actor == "author":
        return language.say(Note("the author"))
    if actor == "operator":
        return language.say(Note("the operator"))
    kind, _, number = actor.partition(":")
    if actor in names:
        return names[actor]
    if kind == "token":
        return language.say(Note("token %(number)s", number=number))
    if kind == "rule":
        return language.say(Note("a rule"))
    return language.say(Note("account %(number)s", number=number))
