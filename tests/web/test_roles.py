"""Who may call what: every route of the application, held against one table.

A route that has no row here fails; so does a row that no route has.
"""

from __future__ import annotations

import asyncio
import itertools
import json
import re
from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import httpx2
import pytest

from comments_service import app as wiring
from comments_service.core.models import Comment
from comments_service.core.permissions import OPERATOR, Actor, Role, Sites
from comments_service.core.rules import Rule
from comments_service.operations import (
    deciding,
    inviting,
    logbook,
    maintaining,
    reading,
    regulating,
    second_factor,
    sessions,
    tokens,
    webhooks,
)
from comments_service.operations.deciding import Ask
from comments_service.operations.regulating import Given
from comments_service.storage import people
from tests.conftest import MONA, Clock, House, house_on
from tests.people import HOME, PASSWORD, account, app_code
from tests.test_docs import addresses
from tests.web.desk import HOME as BASE

API = "/api/v1/moderation"
WHO = ("anonymous", "reader", "here", "elsewhere", "owner", "read", "moderate", "manage")
"""Nobody; people of each role, moderators of the site in question and of another; tokens by scope."""

# What each of WHO is answered: a status; 'login' leads to the login; 'kept' says done, and leaves the
# comment of the other site as it is; 'forbidden' is what the API says of one comment among many.
TABLE = {
    # --- The entrance ---
    "GET /dashboard/login":               "200 303 303 303 303  200 200 200",
    "POST /dashboard/login":              "401 401 401 401 401  401 401 401",
    "GET /dashboard/login/code":          "401 401 401 401 401  401 401 401",
    "POST /dashboard/login/code":         "401 401 401 401 401  401 401 401",
    "GET /dashboard/login/provider":      "login login login login login  login login login",
    "GET /dashboard/login/callback":      "login login login login login  login login login",
    "GET /dashboard/setup":               "410 410 410 410 410  410 410 410",
    "POST /dashboard/setup":              "410 410 410 410 410  410 410 410",
    "POST /dashboard/language":           "303 303 303 303 303  303 303 303",
    # --- The dashboard: tokens are nobody here ---
    "GET /dashboard":                     "login 303 303 303 303  login login login",
    "GET /dashboard/":                    "login 303 303 303 303  login login login",
    "POST /dashboard/logout":             "login login login login login  login login login",
    "GET /dashboard/queue":               "login 200 200 403 200  login login login",
    "GET /dashboard/log":                 "login 200 200 200 200  login login login",
    "GET /dashboard/stats":               "login 200 200 403 200  login login login",
    "POST /dashboard/decisions":          "login 403 303 kept 303  login login login",
    "POST /dashboard/undo":               "login 403 303 kept 303  login login login",
    "POST /dashboard/reply":              "login 403 303 404 303  login login login",
    "POST /dashboard/edit":               "login 403 303 404 303  login login login",
    "POST /dashboard/filters":            "login 303 303 303 303  login login login",
    "GET /dashboard/all":                 "login 403 200 403 200  login login login",
    "POST /dashboard/all":                "login 403 200 403 200  login login login",
    "GET /dashboard/rules":               "login 200 200 200 200  login login login",
    "POST /dashboard/rules":              "login 403 303 403 303  login login login",
    "GET /dashboard/rules/new":           "login 403 200 200 200  login login login",
    "POST /dashboard/rules/recommended":  "login 403 303 403 303  login login login",
    "GET /dashboard/rules/{id}":          "login 200 200 404 200  login login login",
    "POST /dashboard/rules/{id}":         "login 403 303 404 303  login login login",
    "GET /dashboard/bans/new":            "login 403 200 200 200  login login login",
    "POST /dashboard/bans":               "login 403 303 403 303  login login login",
    # --- One's own account ---
    "GET /dashboard/account":             "login 200 200 200 200  login login login",
    "POST /dashboard/account/password":   "login 303 303 303 303  login login login",
    "POST /dashboard/account/sessions":   "login 303 303 303 303  login login login",
    "GET /dashboard/account/second-factor":
                                          "login 200 200 200 200  login login login",
    "POST /dashboard/account/second-factor":
                                          "login 200 200 200 200  login login login",
    "POST /dashboard/account/second-factor/off":
                                          "login 303 303 303 303  login login login",
    "POST /dashboard/account/recovery-codes":
                                          "login 200 200 200 200  login login login",
    # --- Others' accounts ---
    "GET /dashboard/sites":               "login 403 403 403 200  login login login",
    "POST /dashboard/sites":              "login 403 403 403 303  login login login",
    "GET /dashboard/sites/{site}":        "login 403 403 403 200  login login login",
    "POST /dashboard/sites/{site}":       "login 403 403 403 303  login login login",
    "GET /dashboard/sites/{site}/snippet":
                                          "login 403 403 403 200  login login login",
    "GET /dashboard/sites/{site}/example":
                                          "login 403 403 403 200  login login login",
    "GET /dashboard/people":              "login 403 403 403 200  login login login",
    "POST /dashboard/people":             "login 403 403 403 200  login login login",
    "POST /dashboard/people/{id}":        "login 403 403 403 303  login login login",
    "POST /dashboard/invitations/{id}":   "login 403 403 403 303  login login login",
    "GET /dashboard/tokens":              "login 403 403 403 200  login login login",
    "POST /dashboard/tokens":             "login 403 403 403 200  login login login",
    "POST /dashboard/tokens/{id}":        "login 403 403 403 303  login login login",
    # --- What leaves the house ---
    "GET /dashboard/outbox":              "login 403 403 403 200  login login login",
    "POST /dashboard/outbox":             "login 403 403 403 303  login login login",
    "GET /dashboard/webhooks":            "login 403 403 403 200  login login login",
    "POST /dashboard/webhooks":           "login 403 403 403 200  login login login",
    "GET /dashboard/webhooks/{id}":       "login 403 403 403 200  login login login",
    "POST /dashboard/webhooks/{id}":      "login 403 403 403 303  login login login",
    "GET /dashboard/mail":                "login 200 200 200 200  login login login",
    "POST /dashboard/mail":               "login 303 303 303 303  login login login",
    # --- The API ---
    f"GET {API}/queue":                   "401 200 200 403 200  200 200 200",
    f"GET {API}/counts":                  "401 200 200 403 200  200 200 200",
    f"GET {API}/log":                     "401 200 200 200 200  200 200 200",
    f"GET {API}/stats":                   "401 200 200 403 200  200 200 200",
    f"GET {API}/updates":                 "401 200 200 403 200  200 200 200",
    f"GET {API}/events":                  "401 200 200 403 200  200 200 200",
    f"POST {API}/looks":                  "401 204 204 404 204  204 204 204",
    f"GET {API}/comments/{{id}}":         "401 200 200 404 200  200 200 200",
    f"PATCH {API}/comments/{{id}}":       "401 403 200 404 200  403 200 403",
    f"POST {API}/comments/{{id}}/replies":
                                          "401 403 200 404 200  403 403 403",
    f"POST {API}/decisions":              "401 403 200 forbidden 200  403 200 403",
    f"POST {API}/decisions/by-filter":    "401 403 200 403 200  403 200 403",
    f"POST {API}/undo/{{batch}}":         "401 403 200 forbidden 200  403 200 403",
    f"GET {API}/rules":                   "401 200 200 200 200  200 200 200",
    f"POST {API}/rules":                  "401 403 201 403 201  403 403 201",
    f"POST {API}/rules/try":              "401 200 200 403 200  200 200 200",
    f"POST {API}/rules/undo/{{batch}}":   "401 403 200 404 200  403 403 200",
    f"GET {API}/rules/{{id}}":            "401 200 200 404 200  200 200 200",
    f"PATCH {API}/rules/{{id}}":          "401 403 200 404 200  403 403 200",
    f"DELETE {API}/rules/{{id}}":         "401 403 204 404 204  403 403 204",
    f"POST {API}/rules/{{id}}/move":      "401 403 200 404 200  403 403 200",
    f"GET {API}/bans":                    "401 200 200 200 200  200 200 200",
    f"POST {API}/bans":                   "401 403 201 403 201  403 403 201",
    f"DELETE {API}/bans/{{id}}":          "401 403 204 404 204  403 403 204",
    f"GET {API}/moderators":              "401 403 403 403 200  403 403 200",
    f"POST {API}/moderators":             "401 403 403 403 201  403 403 201",
    f"PATCH {API}/moderators/{{id}}":     "401 403 403 403 200  403 403 200",
    f"DELETE {API}/moderators/{{id}}":    "401 403 403 403 204  403 403 204",
    f"POST {API}/moderators/{{id}}/password-link":
                                          "401 403 403 403 201  403 403 201",
    f"DELETE {API}/moderators/{{id}}/second-factor":
                                          "401 403 403 403 204  403 403 204",
    f"DELETE {API}/moderators/{{id}}/sessions":
                                          "401 403 403 403 204  403 403 204",
    f"DELETE {API}/invitations/{{id}}":   "401 403 403 403 204  403 403 204",
    f"GET {API}/sites":                   "401 403 403 403 200  403 403 200",
    f"POST {API}/sites":                  "401 403 403 403 201  403 403 201",
    f"GET {API}/sites/{{site}}":          "401 403 403 403 200  403 403 200",
    f"PATCH {API}/sites/{{site}}":        "401 403 403 403 200  403 403 200",
    f"GET {API}/tokens":                  "401 403 403 403 200  403 403 200",
    f"POST {API}/tokens":                 "401 403 403 403 201  403 403 201",
    f"DELETE {API}/tokens/{{id}}":        "401 403 403 403 204  403 403 204",
    f"GET {API}/outbox":                  "401 403 403 403 200  403 403 200",
    f"POST {API}/outbox/retry":           "401 403 403 403 202  403 403 202",
    f"POST {API}/outbox/{{id}}/retry":    "401 403 403 403 202  403 403 202",
    f"GET {API}/webhooks":                "401 403 403 403 200  403 403 200",
    f"POST {API}/webhooks":               "401 403 403 403 201  403 403 201",
    f"PATCH {API}/webhooks/{{id}}":       "401 403 403 403 200  403 403 200",
    f"DELETE {API}/webhooks/{{id}}":      "401 403 403 403 204  403 403 204",
    f"POST {API}/webhooks/{{id}}/key":    "401 403 403 403 200  403 403 200",
    f"DELETE {API}/webhooks/{{id}}/former-key":
                                          "401 403 403 403 204  403 403 204",
    f"POST {API}/webhooks/{{id}}/test":   "401 403 403 403 202  403 403 202",
    f"GET {API}/webhooks/{{id}}/deliveries":
                                          "401 403 403 403 200  403 403 200",
}  # fmt: skip

# Who asks makes no difference here: everybody is answered as nobody is.
PUBLIC = {
    "GET /", "GET /archives/{cid}", "GET /c/{id}", "GET /livez", "GET /readyz", "GET /static/",
    "GET /sites/{site}/fragment", "GET /sites/{site}/old/{id}", "GET /sites/{site}/thread",
    "POST /sites/{site}/thread", "POST /sites/{site}/preview", "GET /sites/{site}/search",
    "GET /avatars/{hash}.svg", "GET /sites/{site}/feed.atom", "GET /sites/{site}/feed.rss",
    "GET /sites/{site}/feed.json",
    "GET /api/v1/sites/{site}/changes", "GET /api/v1/sites/{site}/comments",
    "GET /api/v1/sites/{site}/comments/{id}", "GET /api/v1/sites/{site}/comments/{id}/replies",
    "GET /api/v1/sites/{site}/counts", "GET /api/v1/sites/{site}/recent",
    "POST /api/v1/sites/{site}/comments", "POST /api/v1/sites/{site}/preview",
    "GET /api/v1/sites/{site}/search", "POST /api/v1/sites/{site}/comments/{id}/reports",
    "GET /sites/{site}/report", "POST /sites/{site}/report",
    "POST /api/v1/sites/{site}/comments/{id}/votes",
    "DELETE /api/v1/sites/{site}/comments/{id}/votes",
    "GET /mail/confirm/{token}", "POST /mail/confirm/{token}", "GET /mail/stop/{token}",
    "POST /mail/stop/{token}", "GET /mail/act/{token}", "POST /mail/act/{token}",
    "GET /mail/data", "POST /mail/data", "GET /mail/data/{token}", "POST /mail/data/{token}",
    "GET /mail/data/{token}/comments.json",
    "PATCH /api/v1/sites/{site}/comments/{id}", "DELETE /api/v1/sites/{site}/comments/{id}",
}  # fmt: skip
ENDLESS = {"GET /api/v1/sites/{site}/events"}  # as public, and tried in test_events


@dataclass
class Caller:
    """One of WHO, with everything of their own: nothing done for one answer changes another."""

    actor: Actor | None = None
    cookie: str = ""
    headers: dict[str, str] = field(default_factory=dict)


class World:
    """A house with two sites, an owner who stays, and makers of whatever a call is about."""

    def __init__(self, house: House) -> None:
        self.house, self.service = house, house.service
        self.app = wiring.build(self.service, demo=True)
        self._numbers = itertools.count()

    async def caller(self, who: str) -> Caller:
        if who == "anonymous":
            return Caller()
        if who in ("read", "moderate", "manage"):
            _, secret = await tokens.create(self.service, OPERATOR, [who])
            return Caller(headers={"Authorization": f"Bearer {secret}"})
        role: Role = "moderator" if who in ("here", "elsewhere") else who  # type: ignore[assignment]
        sites: Sites = None
        if who in ("here", "elsewhere"):
            known = {site.slug: site.site_id for site in await maintaining.list_sites(self.service)}
            sites = frozenset({known["blog" if who == "here" else "default"]})
        actor = await account(self.house, f"{who}-{next(self._numbers)}", role, sites)
        found = await people.moderator(self.service.database, actor.moderator_id)
        assert found is not None
        cookie = await sessions.begin(self.service, found, HOME)
        csrf = sessions.form_token(self.service, cookie)
        return Caller(actor, cookie, {"Cookie": f"__Host-comments={cookie}", "X-CSRF-Token": csrf})

    async def comment(self, *, approved: bool = False) -> Comment:
        number = next(self._numbers)
        found = (await self.house.post(f"words {number}", thread=f"/{number}")).comment
        if approved:
            await deciding.decide(self.service, MONA, [Ask(found.id, 1, "approve")])
        return await self.house.comment(found.id)

    async def other(self) -> int:
        """The number of somebody whom owners do things to."""
        return (await account(self.house, f"other-{next(self._numbers)}", "reader")).moderator_id

    async def invitation(self) -> int:
        email = f"invited-{next(self._numbers)}@blog.example"
        return (await inviting.invite(self.service, OPERATOR, email, "reader", None))[
            0
        ].invitation_id

    async def token(self) -> int:
        return (await tokens.create(self.service, OPERATOR, ["read"]))[0].token_id

    async def rule(self) -> Rule:
        given = Given("words", {"words": ["casino"]}, site_id=self.house.site.site_id)
        return (await regulating.add(self.service, OPERATOR, [given]))[0]

    async def webhook(self) -> int:
        known = await webhooks.every(self.service, OPERATOR)
        if known:
            return known[0].webhook_id
        site = self.house.site.site_id
        url, events = "https://hooks.example/", ["published"]
        return (await webhooks.create(self.service, OPERATOR, site, url, events)).webhook_id

    async def decided(self) -> tuple[Comment, str]:
        comment = await self.comment()
        batch, _ = await deciding.decide(self.service, MONA, [Ask(comment.id, 1, "approve")])
        return await self.house.comment(comment.id), batch


@dataclass
class Call:
    """What is sent; `comment` is the one that it is about."""

    url: str
    form: dict[str, Any] | None = None
    sent: Any = None
    comment: Comment | None = None


Maker = Callable[[World, Caller], Awaitable[Call]]
CALLS: dict[str, Maker] = {}


def call(*routes: str) -> Callable[[Maker], Maker]:
    def keep(maker: Maker) -> Maker:
        CALLS.update(dict.fromkeys(routes, maker))
        return maker

    return keep


def simple(url: str, form: dict[str, Any] | None = None, sent: Any = None) -> Maker:
    async def make(world: World, caller: Caller) -> Call:
        return Call(url, form, sent)

    return make


CALLS |= {
    "POST /dashboard/login": simple("/dashboard/login", {"email": "x", "password": "x"}),
    "POST /dashboard/language": simple("/dashboard/language", {"lang": "zh-Hans"}),
    "GET /dashboard/queue": simple("/dashboard/queue?site=blog"),
    "GET /dashboard/all": simple("/dashboard/all?site=blog"),
    "POST /dashboard/filters": simple(
        "/dashboard/filters", {"name": "mine", "back": "/dashboard/queue?status=spam"}
    ),
    "POST /dashboard/rules": simple(
        "/dashboard/rules", {"kind": "trap", "action": "spam", "site": "blog"}
    ),
    "POST /dashboard/rules/recommended": simple("/dashboard/rules/recommended", {"site": "blog"}),
    "POST /dashboard/bans": simple(
        "/dashboard/bans", {"by": "name", "value": "m", "action": "reject", "site": "blog"}
    ),
    "POST /dashboard/account/password": simple(
        "/dashboard/account/password",
        {"password": PASSWORD, "new_password": "another horse battery"},
    ),
    "POST /dashboard/tokens": simple(
        "/dashboard/tokens", {"name": "x", "scope": "read", "every": "1"}
    ),
    "GET /dashboard/stats": simple("/dashboard/stats?site=blog"),
    f"GET {API}/stats": simple(f"{API}/stats?site=blog"),
    f"GET {API}/queue": simple(f"{API}/queue?site=blog"),
    f"GET {API}/counts": simple(f"{API}/counts?site=blog"),
    f"GET {API}/updates": simple(f"{API}/updates?site=blog"),
    f"GET {API}/events": simple(f"{API}/events?site=blog"),
    "GET /dashboard/sites/{site}": simple("/dashboard/sites/blog"),
    "GET /dashboard/sites/{site}/snippet": simple("/dashboard/sites/blog/snippet"),
    "GET /dashboard/sites/{site}/example": simple("/dashboard/sites/blog/example"),
    f"GET {API}/sites/{{site}}": simple(f"{API}/sites/blog"),
    f"PATCH {API}/sites/{{site}}": simple(f"{API}/sites/blog", sent={}),
    f"POST {API}/tokens": simple(f"{API}/tokens", sent={"name": "x", "scopes": ["read"]}),
}


@call("POST /dashboard/decisions")
async def _(world: World, caller: Caller) -> Call:
    comment = await world.comment()
    form = {"id": str(comment.id), "version": "1", "action": "approve"}
    return Call("/dashboard/decisions", form, comment=comment)


@call("POST /dashboard/undo")
async def _(world: World, caller: Caller) -> Call:
    comment, batch = await world.decided()
    return Call("/dashboard/undo", {"batch": batch}, comment=comment)


@call("POST /dashboard/reply", "POST /dashboard/edit")
async def _(world: World, caller: Caller) -> Call:
    comment = await world.comment(approved=True)
    form = {"id": str(comment.id), "version": "2", "action": "approve", "body": "words"}
    return Call("", form)


@call("POST /dashboard/all")
async def _(world: World, caller: Caller) -> Call:
    form = {"status": "pending", "site": "blog", "action": "approve", "key": "k",
            "as_of": str(world.house.clock.now)}  # fmt: skip
    return Call("/dashboard/all", form)


@call("POST /dashboard/account/second-factor")
async def _(world: World, caller: Caller) -> Call:
    if caller.actor is None:
        return Call("", {})
    offer = second_factor.offer(world.service, caller.actor)
    code = app_code(offer.text, world.house.clock)
    return Call("", {"offer": offer.sealed, "code": code, "password": PASSWORD})


@call("POST /dashboard/account/second-factor/off", "POST /dashboard/account/recovery-codes")
async def _(world: World, caller: Caller) -> Call:
    return Call("", {"proof": PASSWORD})


@call("POST /dashboard/people", f"POST {API}/moderators")
async def _(world: World, caller: Caller) -> Call:
    values = {"email": f"new-{next(world._numbers)}@blog.example", "role": "reader"}
    return Call("", values | {"every": "1"}, values)


@call("POST /dashboard/people/{id}")
async def _(world: World, caller: Caller) -> Call:
    return Call(f"/dashboard/people/{await world.other()}", {"act": "remove"})


@call("POST /dashboard/invitations/{id}")
async def _(world: World, caller: Caller) -> Call:
    return Call(f"/dashboard/invitations/{await world.invitation()}", {})


@call("POST /dashboard/sites", f"POST {API}/sites")
async def _(world: World, caller: Caller) -> Call:
    slug = f"new-{next(world._numbers)}"
    return Call("", {"slug": slug}, {"site": slug})


@call("POST /dashboard/sites/{site}")
async def _(world: World, caller: Caller) -> Call:
    site = await reading.site(world.service, "blog")
    mark = maintaining.mark_of(world.service, site)
    return Call("/dashboard/sites/blog", {"mark": mark, "avatars": "none"})


@call("POST /dashboard/tokens/{id}")
async def _(world: World, caller: Caller) -> Call:
    return Call(f"/dashboard/tokens/{await world.token()}", {})


@call("POST /dashboard/outbox", f"POST {API}/outbox/{{id}}/retry")
async def _(world: World, caller: Caller) -> Call:
    notice = await webhooks.try_out(world.service, OPERATOR, await world.webhook())
    return Call(f"{{{notice.id}}}", {"id": str(notice.id)}, {})


@call("POST /dashboard/webhooks", f"POST {API}/webhooks")
async def _(world: World, caller: Caller) -> Call:
    values = {"site": "blog", "url": "https://hooks.example/"}
    return Call("", values | {"event": "published"}, values | {"events": ["published"]})


@call("POST /dashboard/webhooks/{id}")
async def _(world: World, caller: Caller) -> Call:
    return Call(f"{{{await world.webhook()}}}", {"act": "pause"})


@call(
    "GET /dashboard/webhooks/{id}",
    f"PATCH {API}/webhooks/{{id}}",
    f"DELETE {API}/webhooks/{{id}}",
    f"POST {API}/webhooks/{{id}}/key",
    f"DELETE {API}/webhooks/{{id}}/former-key",
    f"POST {API}/webhooks/{{id}}/test",
    f"GET {API}/webhooks/{{id}}/deliveries",
)
async def _(world: World, caller: Caller) -> Call:
    return Call(f"{{{await world.webhook()}}}", sent={"active": True})


@call(f"POST {API}/looks")
async def _(world: World, caller: Caller) -> Call:
    return Call("", sent={"id": str((await world.comment()).id)})


@call(f"GET {API}/comments/{{id}}", f"PATCH {API}/comments/{{id}}")
async def _(world: World, caller: Caller) -> Call:
    comment = await world.comment()
    return Call(f"{API}/comments/{comment.id}", sent={"body": "other words", "version": 1})


@call(f"POST {API}/comments/{{id}}/replies")
async def _(world: World, caller: Caller) -> Call:
    comment = await world.comment(approved=True)
    return Call(f"{API}/comments/{comment.id}/replies", sent={"body": "words"})


@call(f"POST {API}/decisions")
async def _(world: World, caller: Caller) -> Call:
    comment = await world.comment()
    sent = [{"id": str(comment.id), "version": 1, "action": "approve"}]
    return Call("", sent=sent, comment=comment)


@call(f"POST {API}/decisions/by-filter")
async def _(world: World, caller: Caller) -> Call:
    return Call("", sent={"filter": {"site": "blog", "status": "pending"}, "action": "approve"})


@call(f"POST {API}/undo/{{batch}}")
async def _(world: World, caller: Caller) -> Call:
    comment, batch = await world.decided()
    return Call(f"{API}/undo/{batch}", comment=comment)


@call(
    f"PATCH {API}/moderators/{{id}}",
    f"DELETE {API}/moderators/{{id}}",
    f"POST {API}/moderators/{{id}}/password-link",
    f"DELETE {API}/moderators/{{id}}/second-factor",
    f"DELETE {API}/moderators/{{id}}/sessions",
)
async def _(world: World, caller: Caller) -> Call:
    return Call(f"{{{await world.other()}}}", sent={"role": "moderator"})


@call(f"DELETE {API}/invitations/{{id}}")
async def _(world: World, caller: Caller) -> Call:
    return Call(f"{API}/invitations/{await world.invitation()}")


@call(f"POST {API}/rules", f"POST {API}/rules/try")
async def _(world: World, caller: Caller) -> Call:
    return Call("", sent={"kind": "words", "params": {"words": ["x"]}, "site": "blog"})


@call(f"POST {API}/bans")
async def _(world: World, caller: Caller) -> Call:
    return Call("", sent={"by": "name", "value": "mallory", "site": "blog"})


@call(
    f"GET {API}/rules/{{id}}", f"PATCH {API}/rules/{{id}}", f"DELETE {API}/rules/{{id}}",
    f"POST {API}/rules/{{id}}/move", f"DELETE {API}/bans/{{id}}",
)  # fmt: skip
async def _(world: World, caller: Caller) -> Call:
    sent = {"state": "off", "steps": 1}
    return Call(f"{{{(await world.rule()).rule_id}}}", sent=sent)


@call("GET /dashboard/rules/{id}", "POST /dashboard/rules/{id}")
async def _(world: World, caller: Caller) -> Call:
    return Call(f"{{{(await world.rule()).rule_id}}}", {"act": "up"})


@call(f"POST {API}/rules/undo/{{batch}}")
async def _(world: World, caller: Caller) -> Call:
    await world.rule()
    [act] = await logbook.latest(world.service, limit=1)
    return Call(f"{API}/rules/undo/{act.batch}")


@call(f"DELETE {API}/tokens/{{id}}")
async def _(world: World, caller: Caller) -> Call:
    return Call(f"{API}/tokens/{await world.token()}")


@pytest.fixture
async def world(tmp_path: Path, clock: Clock) -> AsyncIterator[World]:
    url = f"sqlite:///{tmp_path}/comments.sqlite"
    async with house_on(url, tmp_path, clock, moderation="all") as house:
        await account(house)
        yield World(house)


async def answered(
    world: World, route: str, who: str, *, csrf: str | None = None, **more: str
) -> str:
    """What one of WHO is answered by a route; `csrf` is sent in the place of the right one."""
    caller = await world.caller(who)
    caller.headers |= {name.replace("_", "-"): value for name, value in more.items()}
    if csrf is not None:
        caller.headers["X-CSRF-Token"] = csrf
    method, path = route.split()
    made = await CALLS.get(route, simple(path))(world, caller)
    url = path if not made.url else made.url
    if url.startswith("{"):  # a number for the place in the path
        url = path.replace("{id}", url.strip("{}"))
    if path.endswith("/events"):
        return await first_status(world, url, caller)
    form = made.form
    if form is not None or (method == "POST" and path.startswith("/dashboard")):
        form = {"csrf": caller.headers.get("X-CSRF-Token", "")} | (form or {})
    api = path.startswith("/api")
    transport = httpx2.ASGITransport(world.app)
    async with httpx2.AsyncClient(transport=transport, base_url=BASE) as client:
        answer = await client.request(
            method,
            url,
            data=None if api else form,
            json=made.sent if api and method != "GET" else None,
            headers=caller.headers,
        )
    return await in_short(world, answer, made)


async def in_short(world: World, answer: httpx2.Response, made: Call) -> str:
    if answer.headers.get("location", "").startswith("/dashboard/login"):
        return "login"
    if answer.status_code == 401 and 'href="/dashboard/login?next=/dashboard/' in answer.text:
        return "login"  # with what was written, so that it is not lost
    if answer.headers.get("content-type") == "application/json" and made.comment:
        result = json.loads(answer.text)["results"][0]["result"]
        if result != "done":
            return str(result)
    if made.comment and answer.status_code < 400:
        now = await world.house.comment(made.comment.id)
        return "kept" if now.version == made.comment.version else str(answer.status_code)
    return str(answer.status_code)


async def first_status(world: World, url: str, caller: Caller) -> str:
    """The status of an answer that has no end."""
    started: asyncio.Future[int] = asyncio.get_running_loop().create_future()

    async def send(message: Any) -> None:
        if message["type"] == "http.response.start" and not started.done():
            started.set_result(message["status"])

    async def receive() -> Any:
        await asyncio.Event().wait()

    path, _, query = url.partition("?")
    headers = [(name.lower().encode(), value.encode()) for name, value in caller.headers.items()]
    scope = {
        "type": "http", "method": "GET", "path": path, "raw_path": path.encode(), "root_path": "",
        "query_string": query.encode(), "headers": headers, "scheme": "https", "http_version": "1.1",
        "server": ("comments.example", 443), "client": ("127.0.0.1", 1),
    }  # fmt: skip
    task = asyncio.create_task(world.app(scope, receive, send))
    status = await started
    task.cancel()
    await asyncio.wait([task])
    return str(status)


async def test_every_route_has_a_row(world: World) -> None:
    routes = set(addresses(world.app.routes))
    assert routes == set(TABLE) | PUBLIC | ENDLESS
    assert set(CALLS) <= set(TABLE)
    assert {len(row.split()) for row in TABLE.values()} == {len(WHO)}


@pytest.mark.parametrize("part", ["/dashboard", API])
async def test_everybody_may_do_what_the_table_says_and_nothing_else(
    world: World, part: str
) -> None:
    wrong = []
    for route, row in TABLE.items():
        if not route.split()[1].startswith(part):
            continue
        for who, expected in zip(WHO, row.split(), strict=True):
            found = await answered(world, route, who)
            if found != expected:
                wrong.append(f"{route} by {who}: {found}, not {expected}")
    assert wrong == []


WRITES = [route for route in TABLE if not route.startswith("GET ")]
OUTSIDE = re.compile(r"POST /dashboard/(login|setup|language)")  # there is no session yet


async def test_no_other_page_makes_a_browser_do_anything(world: World) -> None:
    """By a form without its token, or sent from elsewhere, as the browser says: nothing is done."""
    elsewhere = [
        {"origin": "https://evil.example"},
        {"origin": "null"},
        {"origin": f"{BASE}.evil.example"},
        {"sec_fetch_site": "cross-site"},
        {"sec_fetch_site": "same-site"},
        {"csrf": ""},
        {"csrf": "0" * 64},
    ]
    for route in WRITES:
        for forged in elsewhere:
            if not ("csrf" in forged and OUTSIDE.match(route)):
                assert await answered(world, route, "owner", **forged) == "403", (route, forged)
    own = {"origin": BASE, "sec_fetch_site": "same-origin"}
    assert await answered(world, "POST /dashboard/decisions", "owner", **own) == "303"
    # What a script sends with its token has no cookie that could be misused.
    assert await answered(world, f"POST {API}/decisions", "moderate", origin="null") == "200"


async def test_who_asks_makes_no_difference_to_what_is_public(world: World) -> None:
    comment = await world.comment(approved=True)
    callers = [await world.caller(who) for who in WHO]
    transport = httpx2.ASGITransport(world.app)
    async with httpx2.AsyncClient(transport=transport, base_url=BASE) as client:
        for route in sorted(PUBLIC):
            method, path = route.split()
            filled = path.replace("{site}", "blog").replace("{cid}", "1")
            url = re.sub(r"\{id\}", str(comment.id), filled) + f"?thread=/{comment.thread_id}"
            body = {} if method in ("POST", "PATCH") else None
            answers = [
                await client.request(method, url, json=body, headers=caller.headers)
                for caller in callers
            ]
            assert len({answer.status_code for answer in answers}) == 1, route
            assert len({answer.text for answer in answers}) == 1, route
            assert not any("set-cookie" in answer.headers for answer in answers), route


async def test_a_token_of_one_site_manages_nobody_and_decides_there_only(world: World) -> None:
    here = frozenset({world.house.site.site_id})
    there = frozenset({1})
    for sites, result in ((here, "done"), (there, "forbidden")):
        _, secret = await tokens.create(
            world.service, OPERATOR, ["moderate", "manage"], sites=sites
        )
        headers = {"Authorization": f"Bearer {secret}"}
        comment = await world.comment()
        transport = httpx2.ASGITransport(world.app)
        async with httpx2.AsyncClient(transport=transport, base_url=BASE) as client:
            sent = [{"id": str(comment.id), "version": 1, "action": "approve"}]
            answer = await client.post(f"{API}/decisions", json=sent, headers=headers)
            assert answer.json()["results"][0]["result"] == result
            for path in ("moderators", "tokens"):
                refused = await client.get(f"{API}/{path}", headers=headers)
                assert (refused.status_code, refused.json()["code"]) == (403, "not_permitted")


async def test_reading_changes_nothing(world: World) -> None:
    """Every GET of the dashboard and the API, by an owner: not a row is another afterwards."""
    caller = await world.caller("owner")
    database = world.service.database

    async def rows() -> dict[str, list[tuple[Any, ...]]]:
        names = await database.fetch(
            """SELECT name FROM sqlite_master
               WHERE type = 'table' AND name NOT LIKE 'search_index%'"""  # that can't be scanned
        )
        return {
            name: [tuple(row) for row in await database.scan(f"SELECT * FROM {name}")]
            for (name,) in names
        }

    await world.comment()
    before = await rows()
    transport = httpx2.ASGITransport(world.app)
    async with httpx2.AsyncClient(transport=transport, base_url=BASE) as client:
        for route in TABLE:
            method, path = route.split()
            if method == "GET" and not path.endswith("/events"):
                await client.get(path.replace("{id}", "1"), headers=caller.headers)
    assert await rows() == before
