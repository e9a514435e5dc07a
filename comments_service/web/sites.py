"""The sites of the service as this process knows them, and which origins may do what."""

from __future__ import annotations

import time

from starlette.requests import Request

from comments_service.core.models import SLUG, Site
from comments_service.core.threads import origin_of
from comments_service.errors import OriginRefused, SiteUnknown
from comments_service.operations import reading
from comments_service.service import Service

_SECONDS = 5.0  # how old a site may be where other processes can change it


class Sites:
    """Remembers sites by slug."""

    def __init__(self, service: Service) -> None:
        self._service = service
        self._known: dict[str, tuple[float, Site]] = {}
        self._own = origin_of(service.settings.public_url)

    async def get(self, slug: str) -> Site:
        """Return a site. Raises SiteUnknown."""
        known = self._known.get(slug)
        if known and (self._service.database.exclusive or time.monotonic() - known[0] < _SECONDS):
            return known[1]
        return await self._read(slug)

    async def _read(self, slug: str) -> Site:
        if not SLUG.fullmatch(slug):
            raise SiteUnknown
        site = await reading.site(self._service, slug)
        self.keep(site)
        return site

    def keep(self, site: Site) -> None:
        """Know a site as it was just stored."""
        self._known[site.slug] = (time.monotonic(), site)

    async def of(self, request: Request) -> Site:
        """Return the site of a path as it is now: what is made of it may be kept. Raises SiteUnknown."""
        return await self._read(request.path_params["site"])

    async def allows(self, slug: str, origin: str) -> bool:
        """Say whether browsers may use a site's resources from pages of this origin."""
        try:
            return origin in (await self.get(slug)).origins
        except SiteUnknown:
            return False

    async def sender(self, request: Request, site: Site) -> str:
        """Return the origin of the page that a write was sent from, '' where no browser says.

        Raises OriginRefused for origins that are neither the site's nor the service's own.
        """
        origin = request.headers.get("origin", "")
        if not origin or origin in site.origins:
            return origin
        if origin == self._own or origin_of(origin) == origin_of(
            f"{request.url.scheme}://{_host(request)}"
        ):
            return ""
        raise OriginRefused


def _host(request: Request) -> str:
    return request.headers.get("host", "")
