"""What leaves the house, by API: the outbox and its dead letters, webhooks and what they were told."""

from __future__ import annotations

from typing import Annotated

from pydantic import BaseModel, Field
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute, Route

from comments_service.core.draft import comment_number
from comments_service.core.models import Record
from comments_service.core.notices import STATES, Notice, State
from comments_service.core.permissions import Actor
from comments_service.core.records import timestamp
from comments_service.core.sentence import Note
from comments_service.core.webhooks import Webhook
from comments_service.errors import BadFields, FieldError
from comments_service.operations import maintaining, outbox, webhooks
from comments_service.web.access import moderator
from comments_service.web.context import Web
from comments_service.web.deciding import Line, json_answer
from comments_service.web.intake import any_json, number, parsed

PAGE = 50
_TOP = 2**62
_Events = Annotated[list[Line], Field(max_length=20)]


class WebhookInput(BaseModel):
    """A webhook to be made."""

    site: Line
    url: Line
    events: _Events


class WebhookChange(BaseModel):
    """What is to change of a webhook; what is not named stays."""

    url: Line | None = None
    events: _Events | None = None
    active: bool | None = None


def routes(web: Web) -> list[BaseRoute]:
    """Return the routes of what leaves the house below /api/v1/moderation."""
    api = Outgoing(web)
    return [
        Route("/outbox", api.outbox, methods=["GET"]),
        Route("/outbox/retry", api.retry_all, methods=["POST"]),
        Route("/outbox/{id}/retry", api.retry, methods=["POST"]),
        Route("/webhooks", api.webhooks, methods=["GET"]),
        Route("/webhooks", api.create, methods=["POST"]),
        Route("/webhooks/{id}", api.change, methods=["PATCH"]),
        Route("/webhooks/{id}", api.remove, methods=["DELETE"]),
        Route("/webhooks/{id}/key", api.rotate, methods=["POST"]),
        Route("/webhooks/{id}/former-key", api.retire, methods=["DELETE"]),
        Route("/webhooks/{id}/test", api.try_out, methods=["POST"]),
        Route("/webhooks/{id}/deliveries", api.deliveries, methods=["GET"]),
    ]


class Outgoing:
    """The endpoints; each asks first who is there, and whether they may manage."""

    def __init__(self, web: Web) -> None:
        self._web, self._service = web, web.service

    async def _owner(self, request: Request) -> Actor:
        return await moderator(request, self._service, "manage")

    async def _slugs(self) -> dict[int, str]:
        return {site.site_id: site.slug for site in await maintaining.list_sites(self._service)}

    async def outbox(self, request: Request) -> Response:
        """Answer what waits, was sent, or could not be."""
        actor, query = await self._owner(request), request.query_params
        limit = number(query, "limit", PAGE, 1, 200)
        before = number(query, "before", _TOP, 1, _TOP)
        state = state_of(query.get("state", "dead"))
        found = await outbox.listed(self._service, actor, state, before, limit)
        return await self._listed(found, limit)

    async def _listed(self, found: list[Notice], limit: int) -> Response:
        slugs = await self._slugs()
        more = str(found[-1].id) if len(found) == limit else None
        return json_answer(
            {"notices": [notice_record(each, slugs) for each in found], "next": more}
        )

    async def retry(self, request: Request) -> Response:
        """Have one notice sent once more."""
        actor = await self._owner(request)
        await outbox.send_again(self._service, actor, _number(request))
        return json_answer({"id": str(_number(request))}, 202)

    async def retry_all(self, request: Request) -> Response:
        """Have all that is dead sent once more."""
        done = await outbox.send_all_again(self._service, await self._owner(request))
        return json_answer({"number": done}, 202)

    async def webhooks(self, request: Request) -> Response:
        """Answer all webhooks, without their keys."""
        actor, slugs = await self._owner(request), await self._slugs()
        found = await webhooks.every(self._service, actor)
        return json_answer({"webhooks": [webhook_record(each, slugs) for each in found]})

    async def create(self, request: Request) -> Response:
        """Make a webhook; its key is answered this once."""
        actor = await self._owner(request)
        given = parsed(WebhookInput, await any_json(request))
        site = await self._web.sites.get(given.site)
        made = await webhooks.create(self._service, actor, site.site_id, given.url, given.events)
        return await self._with_key(made, 201)

    async def _with_key(self, webhook: Webhook, status: int = 200) -> Response:
        record = webhook_record(webhook, await self._slugs())
        key = webhooks.key_of(self._service, webhook)
        return json_answer({"webhook": record, "key": key}, status)

    async def change(self, request: Request) -> Response:
        """Change a webhook."""
        actor = await self._owner(request)
        given = parsed(WebhookChange, await any_json(request))
        changed = await webhooks.change(
            self._service,
            actor,
            _number(request),
            url=given.url,
            events=given.events,
            active=given.active,
        )
        return json_answer({"webhook": webhook_record(changed, await self._slugs())})

    async def remove(self, request: Request) -> Response:
        """Remove a webhook."""
        await webhooks.remove(self._service, await self._owner(request), _number(request))
        return Response(status_code=204, headers={"Cache-Control": "no-store"})

    async def rotate(self, request: Request) -> Response:
        """Make another key; it is answered this once, and the one before signs beside it."""
        actor = await self._owner(request)
        return await self._with_key(await webhooks.rotate(self._service, actor, _number(request)))

    async def retire(self, request: Request) -> Response:
        """Let only the newest key sign."""
        await webhooks.retire(self._service, await self._owner(request), _number(request))
        return Response(status_code=204, headers={"Cache-Control": "no-store"})

    async def try_out(self, request: Request) -> Response:
        """Send something that means nothing."""
        actor = await self._owner(request)
        notice = await webhooks.try_out(self._service, actor, _number(request))
        return json_answer({"id": str(notice.id)}, 202)

    async def deliveries(self, request: Request) -> Response:
        """Answer what a webhook was told, and what it answered."""
        actor, query = await self._owner(request), request.query_params
        limit = number(query, "limit", PAGE, 1, 200)
        before = number(query, "before", _TOP, 1, _TOP)
        found = await webhooks.deliveries(self._service, actor, _number(request), before, limit)
        return await self._listed(found, limit)


def _number(request: Request) -> int:
    return comment_number(request.path_params["id"]) or 0


def state_of(text: str) -> State:
    """Return a state of the outbox by its name. Raises BadFields."""
    for state in STATES:
        if state == text:
            return state
    sentence = Note("Ask for what is waiting, sent or dead.")
    raise BadFields(FieldError("state", "state_invalid", sentence))


def notice_record(notice: Notice, slugs: dict[int, str]) -> Record:
    """Return a notice as owners see it."""
    return {
        "id": str(notice.id),
        "kind": notice.kind,
        "event": notice.event or None,
        "destination": notice.destination,
        "site": slugs.get(notice.site_id),
        "comment": str(notice.comment_id) if notice.comment_id else None,
        "state": notice.state,
        "attempts": notice.attempts,
        "created_at": timestamp(notice.created_at),
        "due_at": timestamp(notice.due_at) if notice.state == "waiting" else None,
        "tried_at": timestamp(notice.tried_at),
        "status": notice.status,
        "milliseconds": notice.milliseconds,
        "answer": notice.answer,
    }


def webhook_record(webhook: Webhook, slugs: dict[int, str]) -> Record:
    """Return a webhook as owners see it."""
    return {
        "id": str(webhook.webhook_id),
        "site": slugs.get(webhook.site_id),
        "url": webhook.url,
        "events": list(webhook.event_list),
        "active": bool(webhook.active),
        "keys": len(webhook.keys),
        "created_by": webhook.created_by,
        "created_at": timestamp(webhook.created_at),
    }
