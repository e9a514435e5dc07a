"""What the dashboard's script asks while somebody works: news of others, leases, replies, edits."""

from __future__ import annotations

import asyncio
import hashlib
from collections.abc import AsyncIterator
from typing import Annotated

import orjson
from pydantic import BaseModel, BeforeValidator, Field
from starlette.requests import Request
from starlette.responses import Response, StreamingResponse
from starlette.routing import BaseRoute, Route

from comments_service.core.draft import Body, comment_number
from comments_service.core.models import Record
from comments_service.core.permissions import Actor
from comments_service.core.records import timestamp
from comments_service.errors import CommentUnknown, Refused
from comments_service.operations import accounts, answering, judging, moderating, watching
from comments_service.operations.deciding import Ask
from comments_service.operations.judging import Dossier
from comments_service.web.access import moderator
from comments_service.web.context import Web
from comments_service.web.deciding import Key, Line, json_answer, outcome_records
from comments_service.web.intake import any_json, comment_id, number, parsed, visitor
from comments_service.web.moderation import act_record, item_record
from comments_service.web.queues import after, filter_of

SECONDS = 1.0
"""How often a process looks whether anything has changed, while somebody listens."""
_HEARTBEAT = 15  # looks without news, after which a line keeps the connection open
_TOP = 2**62


def _optional_id(value: object) -> int | None:
    return None if value is None else comment_number(str(value)) or 0


class LookInput(BaseModel):
    """The comment that a moderator looks at, or none."""

    id: Annotated[int | None, BeforeValidator(_optional_id)] = None


class ReplyInput(BaseModel):
    """A moderator's reply; the same `key` again is answered as the first time."""

    body: Body = Field(default="", validate_default=True)
    key: Key = ""


class EditInput(BaseModel):
    """Another text for a comment; `version` is the one that was seen."""

    body: Body = Field(default="", validate_default=True)
    version: int = Field(ge=0, lt=2**62)
    reason: Line = ""


def routes(web: Web) -> list[BaseRoute]:
    """Return the routes below /api/v1/moderation for those who work through a queue."""
    board = Board(web)
    return [
        Route("/updates", board.updates, methods=["GET"]),
        Route("/events", board.events, methods=["GET"]),
        Route("/looks", board.look, methods=["POST"]),
        Route("/comments/{id}", board.comment, methods=["GET"]),
        Route("/comments/{id}", board.edit, methods=["PATCH"]),
        Route("/comments/{id}/replies", board.reply, methods=["POST"]),
    ]


class Board:
    """The endpoints; each asks first who is there."""

    def __init__(self, web: Web) -> None:
        self._web, self._service = web, web.service
        self._watch = _Watch(web)

    async def updates(self, request: Request) -> Response:
        """Answer what changed since an act, or 304 where nothing did."""
        actor = await moderator(request, self._service)
        state = await watching.state(self._service)
        tag = f'"{_short(state, actor.name, request.url.query)}"'
        headers = {"ETag": tag, "Cache-Control": "private, no-cache"}
        if request.headers.get("if-none-match") == tag:
            return Response(status_code=304, headers=headers)
        seq = number(request.query_params, "seq", 0, 0, _TOP)
        answer = json_answer(await self._news(request, actor, seq))
        answer.headers.update(headers)
        return answer

    async def _news(self, request: Request, actor: Actor, seq: int) -> Record:
        query = request.query_params
        wanted = await filter_of(self._web.sites, query)
        top = after({"cursor": query["top"]}) if query.get("top") else None
        found = await watching.updates(self._service, actor, seq, wanted, top)
        people = {act.actor for act in found.acts} | {who for _, who in found.looking}
        names = await accounts.labels(self._service, people)
        return {
            "seq": found.seq,
            "decided": [_told(act_record(act), names) for act in found.acts],
            "arrived": found.arrived,
            "most": watching.MOST_NEW,
            "looking": [
                {"id": str(number), "by": names.get(who, who)} for number, who in found.looking
            ],
            "counts": await moderating.counts(self._service, actor, wanted.site_id),
        }

    async def events(self, request: Request) -> Response:
        """Send the same as `updates` does, each time that something has changed."""
        actor = await moderator(request, self._service)
        last = request.headers.get("last-event-id", "")
        seq = comment_number(last) or number(request.query_params, "seq", 0, 0, _TOP)
        state = await watching.state(self._service)
        first = await self._news(request, actor, seq)  # so that a wrong query is answered as such
        headers = {"Cache-Control": "no-store", "X-Accel-Buffering": "no"}
        return StreamingResponse(
            self._stream(request, state, first), headers=headers, media_type="text/event-stream"
        )

    async def _stream(
        self, request: Request, state: tuple[int, ...], news: Record
    ) -> AsyncIterator[bytes]:
        yield b"retry: 3000\n\n" + _event(news)
        quiet = 0
        with self._watch as watch:
            while True:
                before, state = state, await watch.next(state)
                if state != before:
                    # Asked each time: a session may have ended, or a role have changed, meanwhile.
                    try:
                        actor = await moderator(request, self._service)
                        news = await self._news(request, actor, news["seq"])
                    except Refused:
                        return
                    yield _event(news)
                    quiet = 0
                elif (quiet := quiet + 1) >= _HEARTBEAT:
                    yield b": still here\n\n"
                    quiet = 0

    async def look(self, request: Request) -> Response:
        """Tell the others which comment somebody looks at."""
        actor = await moderator(request, self._service)
        given = parsed(LookInput, await any_json(request))
        await watching.look(self._service, actor, given.id)
        return Response(status_code=204, headers={"Cache-Control": "no-store"})

    async def comment(self, request: Request) -> Response:
        """Answer all there is to know of a comment."""
        actor = await moderator(request, self._service)
        found = await judging.dossier(self._service, actor, comment_id(request))
        if found is None:
            raise CommentUnknown
        return json_answer(self._dossier(found))

    def _dossier(self, found: Dossier) -> Record:
        author = found.author
        return {
            "item": item_record(self._service, found.item),
            "ancestors": [
                {"id": str(c.id), "name": c.name, "status": c.status, "excerpt": c.excerpt}
                for c in found.ancestors
            ],
            "author": {
                "others": dict(author.counts),
                "whole": author.whole,
                "names": author.names,
                "first_at": timestamp(author.first_at),
            },
            "links": [{"address": address, "host": host} for address, host in found.links],
            "edits": [
                {"by": edit.actor, "at": timestamp(edit.at), "changes": edit.changes}
                for edit in found.edits
            ],
            "acts": [act_record(act) for act in found.acts],
            "reports": [
                {
                    "reason": item.reason,
                    "note": item.note,
                    "at": timestamp(item.at),
                    "open": item.closed_at is None,
                }
                for item in found.reports
            ],
        }

    async def reply(self, request: Request) -> Response:
        """Publish a moderator's reply."""
        actor = await moderator(request, self._service, "decide")
        given = parsed(ReplyInput, await any_json(request))
        asker = visitor(request, self._service)
        posted = await answering.reply(
            self._service, actor, comment_id(request), given.body, given.key, asker
        )
        return json_answer({"id": str(posted.comment.id), "replayed": posted.replayed})

    async def edit(self, request: Request) -> Response:
        """Change what a comment says."""
        actor = await moderator(request, self._service, "decide")
        given = parsed(EditInput, await any_json(request))
        ask = Ask(comment_id(request), given.version, "approve", given.reason)
        batch, outcome = await answering.edit(self._service, actor, ask, given.body)
        return json_answer(
            {"batch": batch, "results": await outcome_records(self._service, [outcome])}
        )


def _event(news: Record) -> bytes:
    return b"id: %d\ndata: %s\n\n" % (news["seq"], orjson.dumps(news))


def _told(act: Record, names: dict[str, str]) -> Record:
    """Return an act with what people call its actor."""
    return act | {"name": names.get(act["by"], act["by"])}


def _short(*parts: object) -> str:
    return hashlib.blake2b(repr(parts).encode(), digest_size=12).hexdigest()


class _Watch:
    """Looks for changes once for all who listen in this process, and only while somebody does."""

    def __init__(self, web: Web) -> None:
        self._service = web.service
        self._listeners = 0
        self._task: asyncio.Task[None] | None = None
        self._state: tuple[int, ...] = ()
        self._looked = asyncio.Event()

    def __enter__(self) -> _Watch:
        self._listeners += 1
        if self._task is None:
            self._task = asyncio.create_task(self._look_often())
        return self

    def __exit__(self, *_: object) -> None:
        self._listeners -= 1
        if self._listeners == 0 and self._task is not None:
            self._task.cancel()
            self._task, self._state = None, ()

    async def next(self, known: tuple[int, ...]) -> tuple[int, ...]:
        """Return the state, waiting for the next look where it is known already."""
        if self._state and self._state != known:
            return self._state
        await self._looked.wait()
        return self._state

    async def _look_often(self) -> None:
        while True:
            self._state = await watching.state(self._service)
            self._looked.set()
            self._looked = asyncio.Event()
            await asyncio.sleep(SECONDS)
