"""What comes in: bodies in three formats, visitors, receipts, and the numbers in queries."""

from __future__ import annotations

import json
from collections.abc import Mapping
from ipaddress import IPv4Address, IPv6Address, ip_address
from typing import Any, TypeVar

from pydantic import BaseModel, ValidationError
from starlette.datastructures import FormData
from starlette.requests import Request

from comments_service.core.characters import clean_line, forbidden
from comments_service.core.draft import comment_number
from comments_service.core.models import Visitor
from comments_service.core.networks import plain_address
from comments_service.core.sentence import Sentence
from comments_service.core.threads import NAMELESS, normalised_key
from comments_service.errors import (
    BadFields,
    BodyMalformed,
    CommentUnknown,
    FieldError,
    MediaTypeUnknown,
)
from comments_service.language import Language, chosen
from comments_service.operations.receipts import proven
from comments_service.service import Service
from comments_service.settings import Network

M = TypeVar("M", bound=BaseModel)


async def fields_of(request: Request) -> dict[str, Any]:
    """Return the named fields of a body in JSON, urlencoded or multipart form.

    Raises MediaTypeUnknown, BodyMalformed, BadFields.
    """
    values = await any_json(request) if _is_json(request) else dict(await form_of(request))
    if not isinstance(values, dict):
        raise BadFields(
            FieldError("body", "wrong_type", Sentence("Send one object of named fields."))
        )
    return values


async def any_json(request: Request) -> Any:
    """Return the JSON value of a body. Raises MediaTypeUnknown, BodyMalformed."""
    if not _is_json(request):
        raise MediaTypeUnknown
    try:
        return json.loads(await request.body())
    except (ValueError, RecursionError):  # UnicodeDecodeError is a ValueError
        raise BodyMalformed from None


async def form_of(request: Request) -> FormData:
    """Return the fields of an HTML form. Raises MediaTypeUnknown, BodyMalformed."""
    kind = _media_type(request)
    if kind not in ("application/x-www-form-urlencoded", "multipart/form-data"):
        raise MediaTypeUnknown
    try:
        form = await request.form(max_files=0, max_fields=100)
    except (ValueError, LookupError, KeyError):
        raise BodyMalformed from None
    texts = (part for pair in form.multi_items() for part in pair if isinstance(part, str))
    if any(forbidden(text) == "surrogate" for text in texts):  # a charset may decode to anything
        raise BodyMalformed
    return form


def _media_type(request: Request) -> str:
    return request.headers.get("content-type", "").split(";")[0].strip().lower()


def _is_json(request: Request) -> bool:
    return _media_type(request) == "application/json"


def parsed(model: type[M], values: object) -> M:
    """Return the checked model of what arrived. Raises BadFields with every field that is wrong."""
    try:
        return model.model_validate(values)
    except ValidationError as error:
        raise BadFields(*(_field_error(item) for item in error.errors())) from None


def _field_error(error: Any) -> FieldError:
    name = ".".join(str(part) for part in error["loc"]) or "body"
    sentence = error.get("ctx", {}).get("sentence", error["msg"])  # ours, or pydantic's own
    return FieldError("parent_id" if name == "replyTo" else name, error["type"], sentence)


def number(query: Mapping[str, str], name: str, default: int, least: int, most: int) -> int:
    """Return a whole number of a query, at most `most`. Raises BadFields."""
    text = query.get(name) or str(default)
    if not (text.isascii() and text.isdigit() and int(text[:19]) >= least):
        raise BadFields(
            FieldError(
                name, "number_invalid", Sentence("Send a whole number from %(least)s.", least=least)
            )
        )
    return min(int(text[:19]), most)


def page_number(text: str | None, last: int, default: str = "first") -> int:
    """Return the page a reader asked for: a number, 'first' or 'last'; past the end means the last.

    Raises BadFields.
    """
    text = text or default
    if text in ("first", "last"):
        return last if text == "last" else 1
    if not (text.isascii() and text.isdigit() and int(text[:18]) >= 1):
        sentence = Sentence("Ask for a page by its number from 1, 'first' or 'last'.")
        raise BadFields(FieldError("page", "page_invalid", sentence))
    return min(int(text[:18]), last)


def thread_key(request: Request, *, needed: bool = True) -> str:
    """Return the normalised key of the query's thread. Raises BadFields."""
    key = normalised_key(request.query_params.get("thread", "")[:1000])
    if needed and not key:
        raise BadFields(FieldError("thread", "missing", NAMELESS))
    return key


def comment_id(request: Request) -> int:
    """Return the comment's id of a path. Raises CommentUnknown."""
    found = comment_number(request.path_params["id"])
    if found is None:
        raise CommentUnknown
    return found


def batch_of(request: Request) -> str:
    """Return the batch that a path names, as text that can be looked for."""
    return clean_line(request.path_params["batch"])[:100]


def language_of(request: Request) -> Language:
    """Return the language that a request asks for by `lang` or, without it, by Accept-Language."""
    wished = request.query_params.get("lang", "")
    return chosen(wished, request.headers.get("accept-language", ""))


def visitor(request: Request, service: Service, receipts: str = "") -> Visitor:
    """Return who is asking, as far as the request shows."""
    header = request.headers.get("authorization", "")
    scheme, _, rest = header.partition(" ")
    given = f"{receipts} {rest if scheme.lower() == 'receipt' else ''}"
    return Visitor(
        address=client_address(request, service.settings.trusted_proxies),
        agent=clean_line(request.headers.get("user-agent", ""))[:500],
        receipts=proven(service, given) if given.strip() else frozenset(),
    )


def client_address(request: Request, proxies: tuple[Network, ...]) -> str:
    """Return the visitor's address: of X-Forwarded-For only what trusted proxies wrote counts.

    Some proxies write a header of their own behind the one that a visitor made up: all of them are one list.
    """
    peer = plain_address(request.client.host) if request.client else ""
    chain = ",".join(request.headers.getlist("x-forwarded-for")).split(",")
    while _trusted(peer, proxies) and chain and _ip(chain[-1].strip()):
        peer = plain_address(chain.pop().strip())
    return peer


def _ip(text: str) -> IPv4Address | IPv6Address | None:
    try:
        return ip_address(text)
    except ValueError:
        return None


def _trusted(text: str, proxies: tuple[Network, ...]) -> bool:
    address = _ip(text)
    return address is not None and any(address in network for network in proxies)
