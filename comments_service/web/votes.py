"""The button that says a comment helped, without a script: pressed, it leads back to the comment.

Pages are the same for everybody, so an address alone says which buttons it shows as pressed.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from comments_service.core.draft import comment_number
from comments_service.core.models import Site
from comments_service.errors import CommentUnknown
from comments_service.operations import voting
from comments_service.web import views
from comments_service.web.addresses import encoded
from comments_service.web.answers import KEPT, key_of, receipts_of, voted_of
from comments_service.web.context import Web
from comments_service.web.intake import visitor

VOTES = {"vote", "unvote"}
"""The fields by which a vote comes, with a comment's id: given, or taken back."""
_MOST = 20  # in an address, which must not grow without end


async def cast(web: Web, request: Request, site: Site, values: Mapping[str, Any]) -> Response:
    """Give a vote or take it back. Raises VotesOff, VoteOwn, CommentUnknown, RateLimited."""
    key, wanted = key_of(request.query_params.get("thread")), "vote" in values
    text = str(values["vote" if wanted else "unvote"])
    number = comment_number(text)
    if number is None:
        raise CommentUnknown
    await web.sites.sender(request, site)
    asker = visitor(request, web.service, receipts_of(request))
    web.votes.admit(asker.address)
    who = voting.voter(web.service, asker, "")
    await voting.vote(web.service, site, number, who, wanted=wanted, own=asker.receipts)
    voted = [item for item in voted_of(request) if item != text] + [text] * wanted
    kept = {name: request.query_params.get(name) for name in KEPT}
    named = {"thread": key, **kept, "receipt": receipts_of(request)}
    address = f"?{encoded({**named, 'voted': ' '.join(voted[-_MOST:])})}#comment-{number}"
    return RedirectResponse(address, 303, {"Cache-Control": "no-store", **views.headers()})
