"""People and tokens by API, for scripts that may manage: the same operations as the dashboard's pages."""

from __future__ import annotations

from typing import Annotated

from pydantic import BaseModel, Field
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute, Route

from comments_service.core.accounts import Invitation, Token
from comments_service.core.draft import comment_number
from comments_service.core.models import Record
from comments_service.core.permissions import Actor, Role, Sites
from comments_service.core.records import timestamp
from comments_service.operations import accounts, inviting, maintaining, second_factor, tokens
from comments_service.operations.accounts import Person
from comments_service.web.access import moderator
from comments_service.web.context import Web
from comments_service.web.deciding import Line, json_answer
from comments_service.web.intake import any_json, parsed

_Slugs = Annotated[list[Line], Field(min_length=1, max_length=200)] | None


class InviteInput(BaseModel):
    """Who is to be invited; without `sites`, for every site."""

    email: Line
    role: Role
    sites: _Slugs = None


class RoleInput(BaseModel):
    """Another role; without `sites`, for every site."""

    role: Role
    sites: _Slugs = None


class TokenInput(BaseModel):
    """A token to be made; without `sites`, for every site; without `expires_days`, for good."""

    name: Line
    scopes: list[Line] = Field(max_length=10)
    sites: _Slugs = None
    expires_days: int | None = None


def routes(web: Web) -> list[BaseRoute]:
    """Return the routes of people and tokens below /api/v1/moderation."""
    api = Managing(web)
    return [
        Route("/moderators", api.people, methods=["GET"]),
        Route("/moderators", api.invite, methods=["POST"]),
        Route("/moderators/{id}", api.change, methods=["PATCH"]),
        Route("/moderators/{id}", api.remove, methods=["DELETE"]),
        Route("/moderators/{id}/password-link", api.new_password, methods=["POST"]),
        Route("/moderators/{id}/second-factor", api.reset, methods=["DELETE"]),
        Route("/moderators/{id}/sessions", api.end_sessions, methods=["DELETE"]),
        Route("/invitations/{id}", api.withdraw, methods=["DELETE"]),
        Route("/tokens", api.tokens, methods=["GET"]),
        Route("/tokens", api.create_token, methods=["POST"]),
        Route("/tokens/{id}", api.revoke, methods=["DELETE"]),
    ]


class Managing:
    """The endpoints; each asks first who is there, and whether they may manage."""

    def __init__(self, web: Web) -> None:
        self._service = web.service

    async def _owner(self, request: Request) -> Actor:
        return await moderator(request, self._service, "manage")

    async def _slugs(self) -> dict[int, str]:
        return {site.site_id: site.slug for site in await maintaining.list_sites(self._service)}

    async def _sites(self, slugs: list[str] | None) -> Sites:
        return await accounts.sites_named(self._service, slugs or ())

    async def people(self, request: Request) -> Response:
        """Answer who has an account, and which links nobody has used yet."""
        actor, sites = await self._owner(request), await self._slugs()
        people = await accounts.everybody(self._service, actor)
        links = await inviting.open_ones(self._service, actor)
        return json_answer(
            {
                "moderators": [_person(each, sites) for each in people],
                "invitations": [_invitation(each, sites) for each in links],
            }
        )

    async def invite(self, request: Request) -> Response:
        """Make a link for somebody."""
        actor = await self._owner(request)
        given = parsed(InviteInput, await any_json(request))
        theirs = await self._sites(given.sites)
        made = await inviting.invite(self._service, actor, given.email, given.role, theirs)
        return await self._link(*made)

    async def _link(self, invitation: Invitation, secret: str) -> Response:
        record = _invitation(invitation, await self._slugs())
        link = inviting.link(self._service, secret)
        return json_answer({"invitation": record, "link": link}, 201)

    async def change(self, request: Request) -> Response:
        """Give somebody another role, and sites."""
        actor, number = await self._owner(request), _number(request)
        given = parsed(RoleInput, await any_json(request))
        theirs = await self._sites(given.sites)
        await accounts.change(self._service, actor, number, given.role, theirs)
        found = await accounts.person(self._service, actor, number)
        return json_answer({"moderator": _person(found, await self._slugs())})

    async def remove(self, request: Request) -> Response:
        """Remove an account."""
        await accounts.remove(self._service, await self._owner(request), _number(request))
        return _nothing()

    async def new_password(self, request: Request) -> Response:
        """Make a link by which somebody chooses a new password."""
        actor = await self._owner(request)
        return await self._link(
            *await inviting.new_password(self._service, actor, _number(request))
        )

    async def reset(self, request: Request) -> Response:
        """Take somebody's second factor away."""
        await second_factor.reset(self._service, await self._owner(request), _number(request))
        return _nothing()

    async def end_sessions(self, request: Request) -> Response:
        """End all sessions of somebody."""
        await accounts.end_sessions(self._service, await self._owner(request), _number(request))
        return _nothing()

    async def withdraw(self, request: Request) -> Response:
        """Let a link count no more."""
        await inviting.withdraw(self._service, await self._owner(request), _number(request))
        return _nothing()

    async def tokens(self, request: Request) -> Response:
        """Answer all tokens, without their secrets."""
        actor, sites = await self._owner(request), await self._slugs()
        found = await tokens.every(self._service, actor)
        return json_answer({"tokens": [_token(each, sites) for each in found]})

    async def create_token(self, request: Request) -> Response:
        """Make a token; its secret is answered this once."""
        actor = await self._owner(request)
        given = parsed(TokenInput, await any_json(request))
        token, secret = await tokens.create(
            self._service,
            actor,
            list(given.scopes),
            name=given.name,
            sites=await self._sites(given.sites),
            days=given.expires_days,
        )
        return json_answer({"token": _token(token, await self._slugs()), "secret": secret}, 201)

    async def revoke(self, request: Request) -> Response:
        """Let a token count no more."""
        await tokens.revoke(self._service, await self._owner(request), _number(request))
        return _nothing()


def _nothing() -> Response:
    return Response(status_code=204, headers={"Cache-Control": "no-store"})


def _number(request: Request) -> int:
    """Return the number of a path; what can't be one is answered like one that nobody has."""
    return comment_number(request.path_params["id"]) or 0


def _site_names(theirs: Sites, sites: dict[int, str]) -> list[str] | None:
    return None if theirs is None else sorted(sites[number] for number in theirs)


def _person(person: Person, sites: dict[int, str]) -> Record:
    one = person.moderator
    return {
        "id": str(one.moderator_id),
        "email": one.email,
        "role": one.role,
        "sites": _site_names(one.on_sites, sites),
        "second_factor": bool(one.totp),
        "provider": one.subject is not None,
        "created_at": timestamp(one.created_at),
        "seen_at": timestamp(person.seen_at),
    }


def _invitation(invitation: Invitation, sites: dict[int, str]) -> Record:
    return {
        "id": str(invitation.invitation_id),
        "email": invitation.email,
        "role": invitation.role,
        "sites": _site_names(invitation.on_sites, sites),
        "moderator": str(invitation.moderator_id) if invitation.moderator_id else None,
        "created_at": timestamp(invitation.created_at),
        "expires_at": timestamp(invitation.expires_at),
    }


def _token(token: Token, sites: dict[int, str]) -> Record:
    return {
        "id": str(token.token_id),
        "name": token.name,
        "scopes": list(token.scope_list),
        "sites": _site_names(token.on_sites, sites),
        "created_by": token.created_by,
        "created_at": timestamp(token.created_at),
        "used_at": timestamp(token.used_at),
        "expires_at": timestamp(token.expires_at),
    }
