"""The dashboard of the moderators, on pages that need no script: its routes."""

from __future__ import annotations

from collections.abc import Awaitable, Callable

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute, Route

from comments_service.core.permissions import Actor
from comments_service.web import dashboard_outgoing
from comments_service.web.context import Web
from comments_service.web.dashboard_account import Account
from comments_service.web.dashboard_acts import Acts
from comments_service.web.dashboard_all import AllThatMatch
from comments_service.web.dashboard_bans import Bans
from comments_service.web.dashboard_entrance import Entrance
from comments_service.web.dashboard_figures import Stats
from comments_service.web.dashboard_log import Log
from comments_service.web.dashboard_pages import QUEUE, Endpoint, Pages, see
from comments_service.web.dashboard_people import People
from comments_service.web.dashboard_provider import ByProvider
from comments_service.web.dashboard_queue import Board
from comments_service.web.dashboard_rules import Rules
from comments_service.web.dashboard_second_factor import SecondFactor
from comments_service.web.dashboard_setup import Setup
from comments_service.web.dashboard_sites import Sites
from comments_service.web.dashboard_snippets import Snippets
from comments_service.web.dashboard_tokens import Tokens


def routes(web: Web) -> list[BaseRoute]:
    """Return the routes below /dashboard; all but those of the entrance are for moderators."""
    pages = Pages(web.service)
    board, acts, entrance = Board(web, pages), Acts(web, pages), Entrance(web, pages)
    every, log = AllThatMatch(web, pages), Log(web, pages)
    setup, provider = Setup(web, pages), ByProvider(web, pages, entrance)
    inside, outside = pages.signed_in, pages.guarded
    return [
        Route("/dashboard", inside(_home), methods=["GET"]),
        Route("/dashboard/", inside(_home), methods=["GET"]),
        Route("/dashboard/login", outside(entrance.login_form), methods=["GET"]),
        Route("/dashboard/login", outside(entrance.login), methods=["POST"]),
        Route("/dashboard/login/code", outside(entrance.code_form), methods=["GET"]),
        Route("/dashboard/login/code", outside(entrance.code), methods=["POST"]),
        Route("/dashboard/login/provider", outside(provider.begin), methods=["GET"]),
        Route("/dashboard/login/callback", outside(provider.callback), methods=["GET"]),
        Route("/dashboard/logout", inside(entrance.logout), methods=["POST"]),
        Route("/dashboard/language", outside(entrance.language), methods=["POST"]),
        Route("/dashboard/setup", outside(setup.form), methods=["GET"]),
        Route("/dashboard/setup", outside(setup.accept), methods=["POST"]),
        Route("/dashboard/queue", inside(board.queue), methods=["GET"]),
        Route("/dashboard/decisions", inside(acts.decide, "decide"), methods=["POST"]),
        Route("/dashboard/undo", inside(acts.undo, "decide"), methods=["POST"]),
        Route("/dashboard/reply", inside(acts.reply, "decide"), methods=["POST"]),
        Route("/dashboard/edit", inside(acts.edit, "decide"), methods=["POST"]),
        Route("/dashboard/filters", inside(acts.filters), methods=["POST"]),
        Route("/dashboard/all", inside(every.ask, "decide"), methods=["GET"]),
        Route("/dashboard/all", inside(every.decide, "decide"), methods=["POST"]),
        Route("/dashboard/log", inside(log.show), methods=["GET"]),
        *_rules(web, pages),
        Route("/dashboard/stats", inside(Stats(web, pages).show), methods=["GET"]),
        *_accounts(web, pages),
        *dashboard_outgoing.routes(web, pages),
    ]


def _rules(web: Web, pages: Pages) -> list[BaseRoute]:
    """Return the routes of rules and bans: everybody sees them, moderators change them."""
    rules, own = Rules(web, pages), pages.signed_in
    bans = Bans(web, pages, rules)
    return [
        Route("/dashboard/rules", own(rules.every), methods=["GET"]),
        Route("/dashboard/rules", own(rules.add, "rule"), methods=["POST"]),
        Route("/dashboard/rules/new", own(rules.new, "rule"), methods=["GET"]),
        Route("/dashboard/rules/recommended", own(rules.recommended, "rule"), methods=["POST"]),
        Route("/dashboard/rules/{id}", own(rules.one), methods=["GET"]),
        Route("/dashboard/rules/{id}", own(rules.act, "rule"), methods=["POST"]),
        Route("/dashboard/bans", own(bans.add, "rule"), methods=["POST"]),
        Route("/dashboard/bans/new", own(bans.new, "rule"), methods=["GET"]),
    ]


def _accounts(web: Web, pages: Pages) -> list[BaseRoute]:
    """Return the routes about one's own account, and those for owners."""
    account, people, tokens = Account(web, pages), People(web, pages), Tokens(web, pages)
    sites, snippets = Sites(web, pages), Snippets(web, pages)
    factor = SecondFactor(web, pages, account)
    own = pages.signed_in

    def owners(show: Callable[[Request, Actor], Awaitable[Response]]) -> Endpoint:
        return pages.signed_in(show, "manage")

    return [
        Route("/dashboard/account", own(account.show), methods=["GET"]),
        Route("/dashboard/account/password", own(account.password), methods=["POST"]),
        Route("/dashboard/account/sessions", own(account.end), methods=["POST"]),
        Route("/dashboard/account/second-factor", own(factor.form), methods=["GET"]),
        Route("/dashboard/account/second-factor", own(factor.switch_on), methods=["POST"]),
        Route("/dashboard/account/second-factor/off", own(factor.switch_off), methods=["POST"]),
        Route("/dashboard/account/recovery-codes", own(factor.renew), methods=["POST"]),
        Route("/dashboard/sites", owners(sites.every), methods=["GET"]),
        Route("/dashboard/sites", owners(sites.make), methods=["POST"]),
        Route("/dashboard/sites/{site}", owners(sites.show), methods=["GET"]),
        Route("/dashboard/sites/{site}", owners(sites.change), methods=["POST"]),
        Route("/dashboard/sites/{site}/snippet", owners(snippets.show), methods=["GET"]),
        Route("/dashboard/sites/{site}/example", owners(snippets.example), methods=["GET"]),
        Route("/dashboard/people", owners(people.show), methods=["GET"]),
        Route("/dashboard/people", owners(people.invite), methods=["POST"]),
        Route("/dashboard/people/{id}", owners(people.act), methods=["POST"]),
        Route("/dashboard/invitations/{id}", owners(people.withdraw), methods=["POST"]),
        Route("/dashboard/tokens", owners(tokens.show), methods=["GET"]),
        Route("/dashboard/tokens", owners(tokens.create), methods=["POST"]),
        Route("/dashboard/tokens/{id}", owners(tokens.revoke), methods=["POST"]),
    ]


async def _home(_request: Request, _actor: Actor) -> Response:
    """Lead on to the queue."""
    return see(QUEUE)
