"""The dashboard of the moderators, on pages that need no script: its routes."""

from __future__ import annotations

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute, Route

from comments_service.core.permissions import Actor
from comments_service.web.context import Web
from comments_service.web.dashboard_acts import Acts
from comments_service.web.dashboard_all import AllThatMatch
from comments_service.web.dashboard_entrance import Entrance
from comments_service.web.dashboard_log import Log
from comments_service.web.dashboard_pages import QUEUE, Pages, see
from comments_service.web.dashboard_queue import Board


def routes(web: Web) -> list[BaseRoute]:
    """Return the routes below /dashboard; all but those of the entrance are for moderators."""
    pages = Pages(web.service)
    board, acts, entrance = Board(web, pages), Acts(web, pages), Entrance(web, pages)
    every, log = AllThatMatch(web, pages), Log(web, pages)
    inside, outside = pages.signed_in, pages.guarded
    return [
        Route("/dashboard", inside(_home), methods=["GET"]),
        Route("/dashboard/", inside(_home), methods=["GET"]),
        Route("/dashboard/login", outside(entrance.login_form), methods=["GET"]),
        Route("/dashboard/login", outside(entrance.login), methods=["POST"]),
        Route("/dashboard/logout", inside(entrance.logout), methods=["POST"]),
        Route("/dashboard/language", outside(entrance.language), methods=["POST"]),
        Route("/dashboard/setup", outside(entrance.setup_form), methods=["GET"]),
        Route("/dashboard/setup", outside(entrance.setup), methods=["POST"]),
        Route("/dashboard/queue", inside(board.queue), methods=["GET"]),
        Route("/dashboard/decisions", inside(acts.decide), methods=["POST"]),
        Route("/dashboard/undo", inside(acts.undo), methods=["POST"]),
        Route("/dashboard/reply", inside(acts.reply), methods=["POST"]),
        Route("/dashboard/edit", inside(acts.edit), methods=["POST"]),
        Route("/dashboard/filters", inside(acts.filters), methods=["POST"]),
        Route("/dashboard/all", inside(every.ask), methods=["GET"]),
        Route("/dashboard/all", inside(every.decide), methods=["POST"]),
        Route("/dashboard/log", inside(log.show), methods=["GET"]),
    ]


async def _home(_request: Request, _actor: Actor) -> Response:
    """Lead on to the queue."""
    return see(QUEUE)
