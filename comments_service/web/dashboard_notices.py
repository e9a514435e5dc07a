"""What a moderator is told after deciding, and how it gets past the redirect."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Literal

from itsdangerous import BadData, URLSafeSerializer

from comments_service.core.moderation import Action
from comments_service.core.permissions import Actor
from comments_service.operations.deciding import Outcome
from comments_service.web.dashboard_pages import when

Notice = tuple[str, str]
"""A sentence, and the id of the comment it is about or ''."""

_TOLD = 5  # outcomes told one by one: the address that carries them must stay short

_DONE: dict[Action | Literal["undo"], str] = {
    "approve": "Approved",
    "hold": "Held",
    "spam": "Marked as spam",
    "reject": "Rejected",
    "delete": "Deleted",
    "restore": "Restored",
    "undo": "Taken back",
}


class Notices:
    """Carries sentences in an address, signed for one session, so that nobody can make them up."""

    def __init__(self, key: str) -> None:
        self._signer = URLSafeSerializer(key, salt="comments.notice")

    def write(self, notices: list[Notice], batch: str) -> str:
        """Return notices, and the batch that can be taken back or '', as text for a query."""
        return str(self._signer.dumps([notices, batch]))

    def read(self, text: str) -> tuple[list[Notice], str]:
        """Return what this session was told, nothing for any other text."""
        try:
            notices, batch = self._signer.loads(text)
        except BadData:
            return [], ""
        return [(sentence, about) for sentence, about in notices], batch


def told(
    outcomes: Sequence[Outcome],
    action: Action | Literal["undo"],
    actor: Actor,
    names: Mapping[str, str],
) -> list[Notice]:
    """Return what became of decisions: those that were done together, the others one by one.

    `names` are what people call the moderators.
    """
    done = [outcome for outcome in outcomes if outcome.result == "done"]
    others = [outcome for outcome in outcomes if outcome.result != "done"]
    notices: list[Notice] = []
    if len(done) == 1:
        status = f": now {done[0].status}" if action in ("restore", "undo") else ""
        notices.append((f"{_DONE[action]}{status}.", str(done[0].id)))
    elif done:
        notices.append((f"{_DONE[action]}: {len(done)} comments.", ""))
    notices += [(_not_done(outcome, actor, names), str(outcome.id)) for outcome in others[:_TOLD]]
    if len(others) > _TOLD:
        notices.append((f"{len(others) - _TOLD} more were left as they are.", ""))
    return notices


def _not_done(outcome: Outcome, actor: Actor, names: Mapping[str, str]) -> str:
    if outcome.result == "unknown":
        return "There is no such comment."
    if outcome.result == "unchanged":
        return f"Nothing to do: already {outcome.status}."
    if outcome.result == "forbidden":
        return f"That can't be done to a comment that is {outcome.status}."
    if outcome.by is None or outcome.at is None:
        return f"It changed meanwhile: now {outcome.status}. Look again."
    at = when(outcome.at)
    if outcome.by == "author":
        return f"The author changed it first: now {outcome.status}, at {at}."
    who = "You" if outcome.by == actor.name else "Someone else"
    by = names.get(outcome.by, outcome.by.replace(":", " "))
    return f"{who} decided first: now {outcome.status}, by {by} at {at}."
