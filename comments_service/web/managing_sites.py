"""Sites by API, for scripts that may manage: the same operations as the dashboard's pages."""

from __future__ import annotations

from typing import Annotated, Any

from pydantic import BaseModel, Field
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute, Route

from comments_service.core.models import Record, Site
from comments_service.core.policy import Policy
from comments_service.operations import maintaining
from comments_service.web.access import moderator
from comments_service.web.context import Web
from comments_service.web.deciding import Line, json_answer
from comments_service.web.intake import any_json, parsed

_Origins = Annotated[list[Line], Field(max_length=maintaining.MOST_ORIGINS)]


class NewSite(BaseModel):
    """A site to be made."""

    site: Line
    origins: _Origins = []


class SiteInput(BaseModel):
    """What is to be changed of a site; what is missing stays."""

    origins: _Origins | None = None
    settings: dict[Line, Any] = Field(default={}, max_length=200)


def routes(web: Web) -> list[BaseRoute]:
    """Return the routes of sites below /api/v1/moderation."""
    api = ManagingSites(web)
    return [
        Route("/sites", api.every, methods=["GET"]),
        Route("/sites", api.make, methods=["POST"]),
        Route("/sites/{site}", api.one, methods=["GET"]),
        Route("/sites/{site}", api.change, methods=["PATCH"]),
    ]


class ManagingSites:
    """The endpoints; each asks first who is there, and whether they may manage."""

    def __init__(self, web: Web) -> None:
        self._web, self._service = web, web.service

    async def every(self, request: Request) -> Response:
        """Answer the sites that the asker manages."""
        actor = await moderator(request, self._service, "manage")
        known = await maintaining.list_sites(self._service)
        mine = [site_record(site) for site in known if actor.on_site(site.site_id)]
        return json_answer({"sites": mine})

    async def make(self, request: Request) -> Response:
        """Make a site."""
        actor = await moderator(request, self._service, "manage")
        given = parsed(NewSite, await any_json(request))
        made = await maintaining.make_site(self._service, actor, given.site, given.origins)
        return json_answer({"site": site_record(made)}, 201)

    async def one(self, request: Request) -> Response:
        """Answer the settings of a site."""
        actor = await moderator(request, self._service, "manage")
        found = await maintaining.site_of(self._service, actor, request.path_params["site"])
        return json_answer({"site": site_record(found)})

    async def change(self, request: Request) -> Response:
        """Change some settings of a site, or its origins."""
        actor = await moderator(request, self._service, "manage")
        given = parsed(SiteInput, await any_json(request))
        site = await maintaining.site_of(self._service, actor, request.path_params["site"])
        policy = parsed(Policy, site.policy.model_dump() | given.settings)
        changed = await maintaining.change_policy(self._service, actor, site, policy, given.origins)
        self._web.sites.keep(changed)
        return json_answer({"site": site_record(changed)})


def site_record(site: Site) -> Record:
    """Return a site with its settings; of a secret only whether there is one."""
    return {"site": site.slug, "origins": list(site.origins), "settings": site.policy.shown()}
