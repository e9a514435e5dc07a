"""What the endpoints share: the service, its sites, the cache of reads, the limits, the templates."""

from __future__ import annotations

from dataclasses import dataclass

from starlette.requests import Request

from comments_service.core.draft import Draft, digest
from comments_service.core.models import Site
from comments_service.core.threads import thread_number
from comments_service.operations import commenting
from comments_service.operations.commenting import Posted
from comments_service.operations.identity import Provider, provider_of
from comments_service.service import Service
from comments_service.web.cache import Cache
from comments_service.web.intake import language_of, visitor
from comments_service.web.limits import Guesses, Limit, Places
from comments_service.web.sites import Sites

POSTS, PREVIEWS, LOGINS, VOTES, SEARCHES, REPORTS = 30, 120, 10, 60, 60, 10
"""What one network may make in a minute: comments, previews, logins, votes, searches, reports."""
PASSWORDS, CODES = (5, 20, 15 * 60.0), (3, 10, 3600.0)
"""Wrong guesses at one account: of each network its own, of all together, in how many seconds."""
MOST_CODES = 30
"""Wrong codes of one account in that time, whoever has how many networks: there are but a million codes.

Only who knows the password can use them up, and a recovery code is heard all the same.
"""
STREAMS, STREAMS_EACH = 1_000, 50
"""Event streams that this process serves at once, and how many of them to one network."""


@dataclass(frozen=True)
class Web:
    """Everything an endpoint needs beside its request."""

    service: Service
    sites: Sites
    cache: Cache
    posts: Limit
    previews: Limit
    logins: Limit
    votes: Limit
    searches: Limit
    reports: Limit
    streams: Places
    passwords: Guesses
    codes: Guesses
    provider: Provider | None

    @classmethod
    def of(cls, service: Service) -> Web:
        """Return the web side of a service."""
        chosen = service.settings
        on = chosen.rate_limits == "on"
        provider = chosen.oidc_issuer, chosen.oidc_client_id, chosen.oidc_client_secret
        return cls(
            service,
            Sites(service),
            Cache(service, service.build),
            Limit(POSTS, on),
            Limit(PREVIEWS, on),
            Limit(LOGINS, on),
            Limit(VOTES, on),
            Limit(SEARCHES, on),
            Limit(REPORTS, on),
            Places(STREAMS, STREAMS_EACH, on),
            Guesses(*PASSWORDS, on),
            Guesses(*CODES, on, MOST_CODES),
            provider_of(*provider),
        )

    async def post(
        self, request: Request, site: Site, draft: Draft, sender: str, receipts: str = ""
    ) -> Posted:
        """Post for whoever is asking; the same submission again costs nothing of the limit."""
        asker = visitor(request, self.service, receipts)
        thread_id = thread_number(site.site_id, draft.thread)
        self.posts.admit(asker.address, digest(self.service.secret, thread_id, draft))
        lang = language_of(request).code
        return await commenting.post_comment(self.service, site, draft, asker, sender, lang)
