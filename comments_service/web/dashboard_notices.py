"""What a moderator is told after deciding, and how it gets past the redirect."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

from itsdangerous import BadData, URLSafeSerializer

from comments_service.core.permissions import Actor
from comments_service.core.sentence import Note
from comments_service.language import Language
from comments_service.operations.deciding import Outcome
from comments_service.web import board_words

_TOLD = 5  # outcomes told one by one: the address that carries them must stay short

Line = tuple[str, str]
"""A sentence, and the id of the comment it is about or ''."""


@dataclass(frozen=True)
class Told:
    """What a moderator is told, and the batch that a button takes back, '' where there is none."""

    lines: list[Line] = field(default_factory=list)
    batch: str = ""


class Notices:
    """Carries sentences in an address, signed for one session, so that nobody can make them up."""

    def __init__(self, key: str) -> None:
        self._signer = URLSafeSerializer(key, salt="comments.notice")

    def write(self, told: Told) -> str:
        """Return what is told as text for a query."""
        return str(self._signer.dumps([told.lines, told.batch]))

    def read(self, text: str) -> Told:
        """Return what this session was told, nothing for any other text."""
        try:
            lines, batch = self._signer.loads(text)
        except BadData:
            return Told()
        return Told([(sentence, about) for sentence, about in lines], batch)


@dataclass(frozen=True)
class Teller:
    """Says what became of decisions, to one moderator in their language."""

    language: Language
    actor: Actor
    names: dict[str, str]  # what people call the moderators

    def lines(self, outcomes: Sequence[Outcome], action: str) -> list[Line]:
        """Return what became of decisions: those that were done together, the others one by one."""
        done = [outcome for outcome in outcomes if outcome.result == "done"]
        others = [outcome for outcome in outcomes if outcome.result != "done"]
        lines: list[Line] = []
        what = board_words.done(self.language, action)
        if len(done) == 1:
            lines.append((self._one(done[0], action, what), str(done[0].id)))
        elif done:
            many = Note("%(done)s: %(count)s comments.", done=what, count=len(done))
            lines.append((self.language.say(many), ""))
        left = sum(outcome.left for outcome in done)
        if left:
            lines.append(
                (
                    self.language.say(
                        Note("Mail or calls had left already: %(count)s.", count=left)
                    ),
                    "",
                )
            )
        lines += [(self._not_done(outcome), str(outcome.id)) for outcome in others[:_TOLD]]
        if len(others) > _TOLD:
            more = Note("%(count)s more were left as they are.", count=len(others) - _TOLD)
            lines.append((self.language.say(more), ""))
        return lines

    def _one(self, outcome: Outcome, action: str, what: str) -> str:
        if action in ("restore", "undo"):
            status = self._status(outcome)
            return self.language.say(Note("%(done)s: now %(status)s.", done=what, status=status))
        return self.language.say(Note("%(done)s.", done=what))

    def _status(self, outcome: Outcome) -> str:
        return self.language.say(board_words.STATUS[outcome.status or "pending"])

    def _not_done(self, outcome: Outcome) -> str:
        return self.language.say(self._why_not(outcome))

    def _why_not(self, outcome: Outcome) -> Note:
        if outcome.result == "unknown":
            return Note("There is no such comment.")
        if outcome.status is None:
            return Note("Your role does not allow this here.")
        status = self._status(outcome)
        if outcome.result == "unchanged":
            return Note("Nothing to do: already %(status)s.", status=status)
        if outcome.result == "forbidden":
            return Note("That can't be done to a comment that is %(status)s.", status=status)
        if outcome.by is None or outcome.at is None:
            return Note("It changed meanwhile: now %(status)s. Look again.", status=status)
        by = board_words.who(self.language, outcome.by, self.names, self.actor.name)
        at = self.language.moment(outcome.at)
        return Note(
            "Somebody was first: now %(status)s, by %(by)s, %(at)s.", status=status, by=by, at=at
        )
