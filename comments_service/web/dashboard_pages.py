"""What the pages of the dashboard share: who sees them, how they are made, what forms send."""

from __future__ import annotations

import json
import re
from collections.abc import Awaitable, Callable
from typing import Any
from urllib.parse import urlencode

from jinja2 import Environment, PackageLoader, StrictUndefined
from starlette.datastructures import ImmutableMultiDict
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import HTMLResponse, RedirectResponse, Response

from comments_service.core.characters import forbidden
from comments_service.core.draft import web_address
from comments_service.core.kinds.base import FIELDS
from comments_service.core.marks import marked
from comments_service.core.models import Comment, Record, Thread
from comments_service.core.permissions import Actor, Permission
from comments_service.core.records import timestamp
from comments_service.core.rules import IN_WORDS
from comments_service.core.sentence import Note
from comments_service.errors import BadFields, BodyMalformed, NotAllowed, NotPermitted, Refused
from comments_service.language import (
    OF_THE_DASHBOARD,
    Language,
    chosen_for_the_dashboard,
    of_the_dashboard,
)
from comments_service.operations import passwords, sessions
from comments_service.service import Service
from comments_service.web import access, board_words, rule_words
from comments_service.web.intake import form_of
from comments_service.web.problems import STATUS, refusal_headers

QUEUE = "/dashboard/queue"

LANGUAGE_COOKIE = "__Host-comments-language"

_HEADERS = {
    "Cache-Control": "no-store",
    # The one policy lets HTML of our own origin into the page; see static/dashboard/html.js.
    "Content-Security-Policy": "default-src 'none'; script-src 'self'; style-src 'self'; "
    "connect-src 'self'; img-src 'self'; form-action 'self'; base-uri 'none'; "
    "frame-ancestors 'none'; require-trusted-types-for 'script'; trusted-types comments-dashboard",
    "Referrer-Policy": "same-origin",
    "X-Content-Type-Options": "nosniff",
}

_POLICY = _HEADERS["Content-Security-Policy"]
FRAMES = f"{_POLICY}; frame-src 'self'"
"""The policy of a page that shows another of ours in a frame."""
# Where a form may lead back to: our own addresses as we write them, and nothing else.
_BACK = re.compile(
    r"/dashboard/(?:queue|all|log|rules(?:/new|/[0-9]{1,19})?|bans/new|sites(?:/[a-z0-9-]{1,64}(?:/snippet)?)?|stats|account(?:/second-factor)?"
    r"|people|tokens|outbox|webhooks|mail)"
    r"(?:\?[A-Za-z0-9_.=&%+@:/~-]{0,1500})?"
)

# What people write by hand and at length, and so must never lose.
_WRITTEN = ("body", "reason", "reason_given", "note")

Endpoint = Callable[[Request], Awaitable[Response]]
Fields = ImmutableMultiDict[str, str]


class Pages:
    """Makes the pages, and stands at their door."""

    def __init__(self, service: Service) -> None:
        self._service = service
        self._made: dict[str, Environment] = {}

    def _environment(self, language: Language) -> Environment:
        if language.code not in self._made:
            made = Environment(
                loader=PackageLoader("comments_service", "templates/dashboard"),
                autoescape=True,
                undefined=StrictUndefined,
                trim_blocks=True,
                lstrip_blocks=True,
            )
            made.globals |= {
                "marked": marked,
                "page_of": self._page_of,
                "reason_words": IN_WORDS,
                "rule_words": rule_words,
                "shortest": passwords.SHORTEST,
                "web_address": web_address,
                "words": board_words,
                "languages": [of_the_dashboard(code) for code in OF_THE_DASHBOARD],
            }
            made.filters |= {
                "timestamp": timestamp,
                "reasons": reasons_of,
                "matched": matched,
                "json": json.dumps,
            }
            self._made[language.code] = language.teach(made)
        return self._made[language.code]

    def _page_of(self, thread: Thread, slug: str) -> str:
        """Return where a thread is read: on its own page where that is known, else on ours."""
        if thread.url and web_address(thread.url):
            return thread.url
        return self._service.links(slug).thread(thread.key)

    def show(
        self,
        request: Request,
        name: str,
        values: dict[str, Any],
        *,
        actor: Actor | None = None,
        error: Refused | None = None,
        policy: str = _POLICY,
    ) -> Response:
        """Return a page, with the status of an error where there was one."""
        headers = _HEADERS | {"Content-Security-Policy": policy}
        secret = access.session_secret(request)
        csrf = sessions.form_token(self._service, secret) if actor else ""
        template = self._environment(language_of(request)).get_template(f"{name}.html")
        text = template.render(values, actor=actor, csrf=csrf, here=_here(request))
        if error is None:
            return HTMLResponse(text, headers=headers)
        return HTMLResponse(text, STATUS[type(error)], headers | refusal_headers(error))

    def refused(self, request: Request, error: Refused, typed: str = "") -> Response:
        """Return the page that says what did not work, with what was typed, so that it is not lost."""
        fields = error.errors if isinstance(error, BadFields) else ()
        sentences = [field.message for field in fields] or [error.sentence]
        return self.kept(request, sentences, typed, error=error)

    def kept(
        self,
        request: Request,
        sentences: list[str],
        typed: str,
        *,
        login: str = "",
        error: Refused | None = None,
    ) -> Response:
        """Return the page that says what did not work, and keeps what was typed."""
        values = {"sentences": sentences, "typed": typed, "login": login}
        return self.show(request, "refused", values, error=error)

    def guarded(self, show: Endpoint) -> Endpoint:
        """Return an endpoint that shows refusals as a page."""

        async def endpoint(request: Request) -> Response:
            try:
                return await show(request)
            except Refused as error:
                return self.refused(request, error, await self._typed(request))

        return endpoint

    async def _typed(self, request: Request) -> str:
        """Return the text that a form of ours brought along, '' where nobody wrote any."""
        try:
            access.check_sender(request, self._service)
            form = await fields_of(request) if request.method == "POST" else Fields()
        except Refused:
            return ""
        written = [text for name, text in form.multi_items() if name in _WRITTEN or "\n" in text]
        return "\n\n".join(text for text in written if text.strip())

    def signed_in(
        self,
        show: Callable[[Request, Actor], Awaitable[Response]],
        permission: Permission = "read",
    ) -> Endpoint:
        """Return an endpoint for moderators; others are led to the login, and from there back."""

        async def endpoint(request: Request) -> Response:
            actor = await access.session(request, self._service)
            if actor is not None:
                if permission not in actor.may:
                    raise NotPermitted
                return await self._renewed(request, await show(request, actor))
            return await self._signed_out(request)

        return self.guarded(endpoint)

    async def _signed_out(self, request: Request) -> Response:
        """Lead to the login; but what was written meanwhile is shown first, so that it is not lost."""
        path, query = request.scope["path"], request.scope["query_string"].decode("latin-1")
        asked, typed = f"{path}?{query}" if query else path, await self._typed(request)
        if typed:
            asked = (await fields_of(request)).get("back", "")
        login = "/dashboard/login?" + urlencode({"next": back(asked)}, safe="/")
        if not typed:
            return see(login)
        sentence = Note("You are signed out. Sign in again, then go on.")
        return self.kept(request, [sentence], typed, login=login, error=NotAllowed())

    async def _renewed(self, request: Request, response: Response) -> Response:
        """Return a page, with a new secret for the session where the old one has served its time."""
        if request.method != "GET" or not request.state.due:
            return response
        old = access.session_secret(request)
        cookie = await sessions.rotate(self._service, old)
        return response if cookie == old else access.with_session(response, cookie)


def see(address: str) -> Response:
    """Lead on to an address: one of ours, or the identity provider's."""
    return RedirectResponse(address, 303, _HEADERS)


def back(text: str) -> str:
    """Return an address that came in where it is one to lead back to, else the queue's."""
    return text if _BACK.fullmatch(text) else QUEUE


async def fields_of(request: Request) -> Fields:
    """Return the fields of a form, all of them text that can be stored.

    Raises MediaTypeUnknown, BodyMalformed.
    """
    try:
        items = (await form_of(request)).multi_items()
    except HTTPException:
        raise BodyMalformed from None
    fields = Fields([(name, value) for name, value in items if isinstance(value, str)])
    if any(forbidden(value) for _, value in fields.multi_items()):
        raise BodyMalformed
    return fields


def language_of(request: Request) -> Language:
    """Return the language that a moderator chose, or that the browser likes best."""
    wished = request.cookies.get(LANGUAGE_COOKIE, "")
    return chosen_for_the_dashboard(wished, request.headers.get("accept-language", ""))


def _here(request: Request) -> str:
    query = request.url.query
    return back(f"{request.url.path}?{query}" if query else request.url.path)


def reasons_of(comment: Comment) -> list[Record]:
    """Return why a comment waits: each reason with its sentence, its field, and the text that it matched."""
    found = []
    for item in json.loads(comment.reasons):
        field = item.get("field", "body")
        words = [matched(comment, field, start, end) for start, end in item["spans"]]
        sentence = IN_WORDS.get(item["code"], item["code"])
        found.append(item | {"field": field, "sentence": sentence, "matched": words})
    return found


def matched(comment: Comment, field: str, start: int, end: int) -> str:
    """Return the text that a rule matched in a field."""
    text = getattr(comment, field, "") if field in ("body", *FIELDS, "email") else ""
    return str(text)[start:end]
