"""Pages as answers: kept ones, fresh ones, and refusals, which are pages too."""

from __future__ import annotations

from collections.abc import Awaitable, Callable

from starlette.requests import Request
from starlette.responses import Response
from starlette.types import Receive, Scope, Send

from comments_service.core.models import Site, Thread
from comments_service.core.threads import NAMELESS, normalised_key
from comments_service.errors import BadFields, FieldError, Refused
from comments_service.language import known
from comments_service.service import Service
from comments_service.web import views
from comments_service.web.addresses import Addresses
from comments_service.web.cache import Answer, Read
from comments_service.web.context import Web
from comments_service.web.intake import language_of, visitor
from comments_service.web.problems import STATUS, refusal_headers
from comments_service.web.views import HTML, View

Endpoint = Callable[[Request], Awaitable[Response]]
KEPT = ("page", "root", "cursor", "order", "lang")
"""What of an address stays when something was done on its page."""


class ReadPage(Read):
    """A cached page; what is refused is a page too."""

    def __init__(self, web: Web, build: Callable[[Request], Awaitable[Answer]]) -> None:
        super().__init__(web.cache, build, spoken=True)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer with the page, or with one that says why not."""
        try:
            await super().__call__(scope, receive, send)
        except Refused as error:
            await refusal(Request(scope), error)(scope, receive, send)


def page_or_refusal(endpoint: Endpoint) -> Endpoint:
    """Return an endpoint whose refusals are pages for people."""

    async def answer(request: Request) -> Response:
        try:
            return await endpoint(request)
        except Refused as error:
            return refusal(request, error)

    return answer


def refusal(request: Request, error: Refused) -> Response:
    """Return the page that says why not."""
    fields = error.errors if isinstance(error, BadFields) else ()
    sentences = [item.message for item in fields] or [error.sentence]
    status, root = STATUS[type(error)], views.up(request.url.path)
    body = views.render(
        "thread_refused.html",
        language_of(request),
        sentences=sentences,
        status=status,
        root=root,
    )
    return fresh(body, status, refusal_headers(error))


def fresh(
    body: bytes,
    status: int = 200,
    extra: dict[str, str] | None = None,
    origins: tuple[str, ...] = (),
) -> Response:
    """Return a page that is made for one asker and not kept."""
    kept = {"Cache-Control": "no-store", "X-Content-Type-Options": "nosniff", "Content-Type": HTML}
    return Response(body, status, {**kept, **views.headers(origins), **(extra or {})})


async def view_of(
    request: Request, service: Service, site: Site, thread: Thread, *, embedded: bool = False
) -> View:
    """Return the view of a thread that an address asks for. Raises BadFields, CommentUnknown."""
    at = addresses_of(request, service, site, thread, embedded=embedded)
    asker = visitor(request, service, at.receipts)
    return await views.view(service, site, at, request.query_params, asker)


def addresses_of(
    request: Request, service: Service, site: Site, thread: Thread, *, embedded: bool = False
) -> Addresses:
    """Return the maker of a page's links."""
    links = service.links(site.slug, site.policy)
    root = f"{links.base_url}/" if embedded else views.up(request.url.path)
    lang = known(request.query_params.get("lang", "")) or ""
    return Addresses(
        links,
        thread,
        root,
        receipts=receipts_of(request),
        voted=voted_of(request),
        embedded=embedded,
        lang=lang,
    )


def key_of(text: object) -> str:
    """Return the normalised key of a thread. Raises BadFields."""
    key = normalised_key(str(text or "")[:1000])
    if not key:
        raise BadFields(FieldError("thread", "missing", NAMELESS))
    return key


def voted_of(request: Request) -> tuple[str, ...]:
    """Return the ids of the comments whose buttons an address shows as pressed."""
    return tuple(request.query_params.get("voted", "")[:1_000].split())


def receipts_of(request: Request) -> str:
    """Return the receipts of an address, parted by spaces."""
    return " ".join(request.query_params.getlist("receipt"))[:4_000]
