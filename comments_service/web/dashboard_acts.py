"""What the forms of the dashboard do: decide, take back, reply, edit, save filters."""

from __future__ import annotations

from starlette.requests import Request
from starlette.responses import Response

from comments_service.core.draft import Preview
from comments_service.core.permissions import Actor
from comments_service.core.sentence import Note
from comments_service.errors import BatchUnknown, CommentUnknown, NotPermitted, RuleChanged
from comments_service.operations import (
    accounts,
    answering,
    deciding,
    filtering,
    regulating,
    sessions,
    undoing,
)
from comments_service.operations.commenting import Posted
from comments_service.operations.deciding import Ask, Outcome
from comments_service.service import Service
from comments_service.web import access
from comments_service.web.context import Web
from comments_service.web.dashboard_notices import Line, Notices, Teller, Told
from comments_service.web.dashboard_pages import Fields, Pages, back, fields_of, language_of, see
from comments_service.web.deciding import Decisions, asks_of
from comments_service.web.intake import parsed, visitor


def notices_of(service: Service, request: Request) -> Notices:
    """Return what carries sentences to this session's next page."""
    return Notices(sessions.form_token(service, access.session_secret(request)))


class Acts:
    """The endpoints of the forms; each leads back to where it was sent from, and tells there."""

    def __init__(self, web: Web, pages: Pages) -> None:
        self._web, self._service, self._pages = web, web.service, pages

    async def _form(self, request: Request) -> Fields:
        """Return a form of this very session. Raises FormExpired."""
        form = await fields_of(request)
        access.check_form(request, self._service, form.get("csrf", ""))
        return form

    async def decide(self, request: Request, actor: Actor) -> Response:
        """Carry out one decision or many."""
        form = await self._form(request)
        asks = _asks(form)
        batch, outcomes = await deciding.decide(self._service, actor, asks)
        action = asks[0].action if asks else ""
        return await self._lead_back(request, actor, form, outcomes, action, batch)

    async def undo(self, request: Request, actor: Actor) -> Response:
        """Take a batch of decisions back, or what was done to rules."""
        form = await self._form(request)
        try:
            batch, outcomes = await undoing.undo(self._service, actor, form.get("batch", ""))
        except BatchUnknown:
            batch, outcomes = "", []
        try:
            await regulating.undo(self._service, actor, form.get("batch", ""))
        except (BatchUnknown, NotPermitted, RuleChanged):
            # Only decisions are in it, or the ban that came with them is lifted by now.
            if not outcomes:
                raise
            return await self._lead_back(request, actor, form, outcomes, "undo", batch)
        said: Line = (language_of(request).say(Note("Taken back.")), "")
        told = await self._told(request, actor, outcomes, "undo", "")
        return self._see(request, form, Told([said, *(told.lines if outcomes else [])]))

    async def reply(self, request: Request, actor: Actor) -> Response:
        """Publish a moderator's reply; what waits can be approved along with it."""
        form = await self._form(request)
        posted = await self._reply(request, actor, form)
        said = language_of(request).say(Note("Your reply is published."))
        return self._see(request, form, Told([(said, str(posted.comment.id))]))

    async def _reply(self, request: Request, actor: Actor, form: Fields) -> Posted:
        body = parsed(Preview, {"body": form.get("body", "")}).body
        ask = _one(form)
        if form.get("approve"):
            await deciding.decide(self._service, actor, [ask])
        key, asker = form.get("key", "")[:200], visitor(request, self._service)
        return await answering.reply(self._service, actor, ask.id, body, key, asker)

    async def edit(self, request: Request, actor: Actor) -> Response:
        """Change what a comment says."""
        form = await self._form(request)
        body = parsed(Preview, {"body": form.get("body", "")}).body
        ask = _one(form)
        batch, outcome = await answering.edit(self._service, actor, ask, body)
        if outcome.result not in ("done", "unchanged"):
            told = await self._told(request, actor, [outcome], "edit", "")
            return self._pages.kept(request, [sentence for sentence, _ in told.lines], body)
        return await self._lead_back(request, actor, form, [outcome], "edit", batch)

    async def filters(self, request: Request, actor: Actor) -> Response:
        """Save the filter of an address under a name, or forget one."""
        form = await self._form(request)
        if form.get("remove"):
            await filtering.forget(self._service, actor, form["remove"])
        else:
            query = back(form.get("back", "")).partition("?")[2]
            await filtering.save(self._service, actor, form.get("name", ""), query)
        return see(back(form.get("back", "")))

    async def _lead_back(
        self,
        request: Request,
        actor: Actor,
        form: Fields,
        outcomes: list[Outcome],
        action: str,
        batch: str,
    ) -> Response:
        return self._see(request, form, await self._told(request, actor, outcomes, action, batch))

    async def _told(
        self, request: Request, actor: Actor, outcomes: list[Outcome], action: str, batch: str
    ) -> Told:
        names = await accounts.labels(self._service, {item.by for item in outcomes if item.by})
        language = language_of(request)
        lines = Teller(language, actor, names).lines(outcomes, action)
        nothing: Line = (language.say(Note("Nothing was ticked.")), "")
        done = any(outcome.result == "done" for outcome in outcomes)
        return Told(lines or [nothing], batch if done else "")

    def _see(self, request: Request, form: Fields, told: Told) -> Response:
        here = back(form.get("back", ""))
        text = notices_of(self._service, request).write(told)
        return see(f"{here}{'&' if '?' in here else '?'}notice={text}")


def _one(form: Fields) -> Ask:
    """Return the one decision of a form about one comment. Raises BadFields, CommentUnknown."""
    asks = _asks(form)
    if len(asks) != 1:
        raise CommentUnknown
    return asks[0]


def _asks(form: Fields) -> list[Ask]:
    """Return a form's decisions: on one comment, or on all that were ticked. Raises BadFields."""
    one = [f"{form['id']}:{form.get('version', '')}"] if form.get("id") else []
    picks = [pick.partition(":") for pick in dict.fromkeys(one or form.getlist("pick"))]
    same = {"action": form.get("action", ""), "reason": form.get("reason", "")}
    sent = [{"id": number, "version": version, **same} for number, _, version in picks]
    return asks_of(parsed(Decisions, {"decisions": sent}))
