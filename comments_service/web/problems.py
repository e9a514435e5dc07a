"""The one table that turns refusals into HTTP: RFC 9457 problem documents."""

from __future__ import annotations

import logging
import re

import orjson
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response

from comments_service import errors
from comments_service.core.sentence import Sentence
from comments_service.errors import BadFields, FieldError, Refused, TooManyRequests
from comments_service.web.intake import language_of

STATUS: dict[type[Refused], int] = {
    errors.BadFields: 422,
    errors.BodyMalformed: 400,
    errors.MediaTypeUnknown: 415,
    errors.BodyTooLarge: 413,
    errors.BodyTooSlow: 408,
    errors.SubmissionKeyReused: 422,
    errors.ThreadClosed: 403,
    errors.ThreadCollision: 409,
    errors.RefusedByRule: 403,
    errors.Banned: 403,
    errors.RuleUnknown: 404,
    errors.RuleChanged: 409,
    errors.OriginRefused: 403,
    errors.SiteUnknown: 404,
    errors.ParentUnknown: 404,
    errors.CommentUnknown: 404,
    errors.ReceiptRefused: 403,
    errors.WindowClosed: 403,
    errors.NotAllowed: 401,
    errors.VotesOff: 403,
    errors.VoteOwn: 403,
    errors.NotPermitted: 403,
    errors.BatchUnknown: 404,
    errors.LoginFailed: 401,
    errors.CodeWrong: 401,
    errors.LoginExpired: 401,
    errors.ProviderRefused: 403,
    errors.ProviderUnavailable: 503,
    errors.InvitationInvalid: 410,
    errors.LinkInvalid: 404,
    errors.LinkExpired: 410,
    errors.NoticeUnknown: 404,
    errors.WebhookUnknown: 404,
    errors.ModeratorUnknown: 404,
    errors.LastOwner: 409,
    errors.TokenUnknown: 404,
    errors.FormExpired: 403,
    errors.TooManyRequests: 429,
    errors.StreamsFull: 503,
    errors.Unavailable: 503,
}

_log = logging.getLogger("comments_service")

_HTTP_CODES = {
    400: ("body_malformed", errors.BodyMalformed.sentence),
    404: ("not_found", Sentence("There is nothing at this address.")),
    405: ("method_not_allowed", Sentence("This address does not take that method; see Allow.")),
}


def problem(
    request: Request,
    status: int,
    code: str,
    detail: str,
    fields: tuple[FieldError, ...] = (),
    headers: dict[str, str] | None = None,
) -> Response:
    """Return a problem document, its sentences in the language of whoever asks."""
    language = language_of(request)
    said = language.say(detail)
    document: dict[str, object] = {
        "type": "about:blank",
        "title": re.split(r"\. |。", said)[0].rstrip("."),
        "status": status,
        "code": code,
        "detail": said,
    }
    if fields:
        document["errors"] = [
            {"field": item.field, "code": item.code, "message": language.say(item.message)}
            for item in fields
        ]
    kept = {
        "Cache-Control": "no-store",
        "Content-Language": language.code,
        "X-Content-Type-Options": "nosniff",
        **(headers or {}),
    }
    return Response(orjson.dumps(document), status, kept, "application/problem+json")


def refusal_headers(error: Refused) -> dict[str, str]:
    """Return the headers that go with a refusal."""
    if isinstance(error, TooManyRequests):
        return {"Retry-After": str(error.retry_after)}
    if isinstance(error, errors.Unavailable | errors.ProviderUnavailable):
        return {"Retry-After": "2"}
    if isinstance(error, errors.StreamsFull):
        return {"Retry-After": "30"}
    if isinstance(error, errors.NotAllowed):
        return {"WWW-Authenticate": 'Bearer realm="comments"'}
    return {}


async def refused(request: Request, error: Exception) -> Response:
    """Answer a refusal."""
    assert isinstance(error, Refused)
    fields = error.errors if isinstance(error, BadFields) else ()
    headers = refusal_headers(error)
    return problem(request, STATUS[type(error)], error.code, error.sentence, fields, headers)


async def http_error(request: Request, error: Exception) -> Response:
    """Answer what Starlette refuses by itself."""
    assert isinstance(error, HTTPException)
    code, detail = _HTTP_CODES.get(error.status_code, ("refused", error.detail))
    return problem(request, error.status_code, code, detail, headers=dict(error.headers or {}))


async def failure(request: Request, error: Exception) -> Response:
    """Answer a fault of ours; the log names the place and the kind, never what was sent."""
    trace = error.__traceback__
    while trace and trace.tb_next:
        trace = trace.tb_next
    place = f"{trace.tb_frame.f_code.co_filename}:{trace.tb_lineno}" if trace else "?"
    _log.error("fault at %s: %s", place, type(error).__name__)
    sentence = Sentence("The service made a mistake. It was logged; please try again.")
    return problem(request, 500, "internal", sentence)


HANDLERS = {Refused: refused, HTTPException: http_error, Exception: failure}
