"""What leaves the house, as pages: the outbox, webhooks with what they were told, one's own mail."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Any

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute, Route

from comments_service.core.draft import comment_number
from comments_service.core.mailing import ABOUTS, PACES
from comments_service.core.notices import EVENTS, STATES, Notice
from comments_service.core.permissions import Actor
from comments_service.core.sentence import Note
from comments_service.core.webhooks import Webhook
from comments_service.errors import BadFields, FieldError
from comments_service.operations import mail_choices, maintaining, outbox, webhooks
from comments_service.web import access, notice_words
from comments_service.web.context import Web
from comments_service.web.dashboard_account import told_at
from comments_service.web.dashboard_acts import notices_of
from comments_service.web.dashboard_pages import Endpoint, Fields, Pages, fields_of, language_of
from comments_service.web.intake import number
from comments_service.web.outgoing import state_of

OUTBOX, WEBHOOKS, MAIL = "/dashboard/outbox", "/dashboard/webhooks", "/dashboard/mail"
PAGE = 50
_TOP = 2**62


def routes(web: Web, pages: Pages) -> list[BaseRoute]:
    """Return the routes of the outbox and of webhooks, which are for owners, and of one's own mail."""
    outgoing = Outgoing(web, pages)
    own = pages.signed_in

    def owners(show: Callable[[Request, Actor], Awaitable[Response]]) -> Endpoint:
        return pages.signed_in(show, "manage")

    return [
        Route(OUTBOX, owners(outgoing.outbox), methods=["GET"]),
        Route(OUTBOX, owners(outgoing.retry), methods=["POST"]),
        Route(WEBHOOKS, owners(outgoing.webhooks), methods=["GET"]),
        Route(WEBHOOKS, owners(outgoing.create), methods=["POST"]),
        Route(WEBHOOKS + "/{id}", owners(outgoing.webhook), methods=["GET"]),
        Route(WEBHOOKS + "/{id}", owners(outgoing.act), methods=["POST"]),
        Route(MAIL, own(outgoing.mail), methods=["GET"]),
        Route(MAIL, own(outgoing.choose), methods=["POST"]),
    ]


class Outgoing:
    """The pages and their forms."""

    def __init__(self, web: Web, pages: Pages) -> None:
        self._web, self._service, self._pages = web, web.service, pages

    async def _form(self, request: Request) -> Fields:
        form = await fields_of(request)
        access.check_form(request, self._service, form.get("csrf", ""))
        return form

    async def _around(self, request: Request, error: BadFields | None = None) -> dict[str, Any]:
        """Return what all these pages show."""
        known = await maintaining.list_sites(self._service)
        query = request.query_params
        return {
            "told": notices_of(self._service, request).read(query.get("notice", "")),
            "sites": {site.site_id: site.slug for site in known},
            "notice_words": notice_words,
            "problems": {each.field: each.message for each in error.errors} if error else {},
        }

    # --- The outbox ---

    async def outbox(self, request: Request, actor: Actor) -> Response:
        """Show what waits, was sent, or could not be."""
        query = request.query_params
        state = state_of(query.get("state") or "dead")
        before = number(query, "before", _TOP, 1, _TOP)
        found = await outbox.listed(self._service, actor, state, before, PAGE + 1)
        values = {
            "notices": found[:PAGE],
            "older": found[PAGE - 1].id if len(found) > PAGE else 0,
            "state": state,
            "states": STATES,
            "mails": self._service.settings.mails,
            **await self._around(request),
        }
        return self._pages.show(request, "outbox", values, actor=actor)

    async def retry(self, request: Request, actor: Actor) -> Response:
        """Have one notice, or all that is dead, sent once more."""
        form = await self._form(request)
        if form.get("all"):
            done = await outbox.send_all_again(self._service, actor)
            said = Note("%(number)s notices are on their way again.", number=done)
        else:
            await outbox.send_again(self._service, actor, comment_number(form.get("id", "")) or 0)
            said = Note("The notice is on its way again.")
        back = comment_number(form.get("webhook", ""))
        return told_at(f"{WEBHOOKS}/{back}" if back else OUTBOX, self._web, request, said)

    # --- Webhooks ---

    async def webhooks(self, request: Request, actor: Actor) -> Response:
        """Show all webhooks, and a form for another one."""
        return await self._webhooks(request, actor)

    async def _webhooks(
        self,
        request: Request,
        actor: Actor,
        typed: Fields | None = None,
        error: BadFields | None = None,
    ) -> Response:
        values = {
            "webhooks": await webhooks.every(self._service, actor),
            "events": EVENTS,
            "typed": typed or Fields(),
            **await self._around(request, error),
        }
        return self._pages.show(request, "webhooks", values, actor=actor, error=error)

    async def create(self, request: Request, actor: Actor) -> Response:
        """Make a webhook, and show its key this once."""
        form = await self._form(request)
        try:
            site = await self._web.sites.get(form.get("site", ""))
            made = await webhooks.create(
                self._service, actor, site.site_id, form.get("url", ""), form.getlist("event")
            )
        except BadFields as error:
            return await self._webhooks(request, actor, form, error)
        return await self._webhook(request, actor, made, shows_key=True)

    async def webhook(self, request: Request, actor: Actor) -> Response:
        """Show one webhook, and what it was told."""
        found = await webhooks.one(self._service, actor, _number(request))
        return await self._webhook(request, actor, found)

    async def _webhook(
        self,
        request: Request,
        actor: Actor,
        webhook: Webhook,
        *,
        shows_key: bool = False,
        error: BadFields | None = None,
    ) -> Response:
        found = await self._deliveries(request, actor, webhook)
        values = {
            "webhook": webhook,
            "key": webhooks.key_of(self._service, webhook) if shows_key else "",
            "notices": found[:PAGE],
            "older": found[PAGE - 1].id if len(found) > PAGE else 0,
            "events": EVENTS,
            **await self._around(request, error),
        }
        return self._pages.show(request, "webhook", values, actor=actor, error=error)

    async def _deliveries(self, request: Request, actor: Actor, webhook: Webhook) -> list[Notice]:
        before = number(request.query_params, "before", _TOP, 1, _TOP)
        return await webhooks.deliveries(self._service, actor, webhook.webhook_id, before, PAGE + 1)

    async def act(self, request: Request, actor: Actor) -> Response:
        """Do what a button of a webhook's page says."""
        form, number_, service = await self._form(request), _number(request), self._service
        act = form.get("act", "")
        if act == "key":
            made = await webhooks.rotate(service, actor, number_)
            return await self._webhook(request, actor, made, shows_key=True)
        if act == "remove":
            await webhooks.remove(service, actor, number_)
        elif act == "retire":
            await webhooks.retire(service, actor, number_)
        elif act == "test":
            await webhooks.try_out(service, actor, number_)
        elif act in ("pause", "resume"):
            await webhooks.change(service, actor, number_, active=act == "resume")
        elif act == "change":
            return await self._change(request, actor, form)
        else:
            raise BadFields(FieldError("act", "act_invalid", Note("Choose what is to be done.")))
        here = WEBHOOKS if act == "remove" else f"{WEBHOOKS}/{number_}"
        return told_at(here, self._web, request, _SAID[act])

    async def _change(self, request: Request, actor: Actor, form: Fields) -> Response:
        number_ = _number(request)
        try:
            await webhooks.change(
                self._service,
                actor,
                number_,
                url=form.get("url", ""),
                events=form.getlist("event"),
            )
        except BadFields as error:
            found = await webhooks.one(self._service, actor, number_)
            return await self._webhook(request, actor, found, error=error)
        return told_at(f"{WEBHOOKS}/{number_}", self._web, request, Note("The webhook is changed."))

    # --- One's own mail ---

    async def mail(self, request: Request, actor: Actor) -> Response:
        """Show what mail the moderator wants."""
        values = {
            "own": await mail_choices.own(self._service, actor),
            "mails": self._service.settings.mails,
            "paces": PACES,
            "abouts": ABOUTS,
            **await self._around(request),
        }
        return self._pages.show(request, "mail", values, actor=actor)

    async def choose(self, request: Request, actor: Actor) -> Response:
        """Store what mail the moderator wants, or have the address confirmed."""
        form, lang = await self._form(request), language_of(request).code
        if form.get("confirm"):
            await mail_choices.ask(self._service, actor, lang)
            return told_at(MAIL, self._web, request, Note("The mail is on its way. Open its link."))
        named = {key.partition(":")[2] for key in form if key.startswith("pace:")}
        wanted = {
            slug: (form.get(f"pace:{slug}", ""), form.get(f"about:{slug}", "")) for slug in named
        }
        await mail_choices.choose(self._service, actor, wanted, lang)
        return told_at(MAIL, self._web, request, Note("That is kept."))


_SAID = {
    "remove": Note("The webhook is removed, with all that was to be sent to it."),
    "retire": Note("Only the newest key signs now."),
    "test": Note("A test is on its way. Load this page again to see the answer."),
    "pause": Note("The webhook is told of nothing now."),
    "resume": Note("The webhook is told of what happens from now on."),
}


def _number(request: Request) -> int:
    return comment_number(request.path_params["id"]) or 0
