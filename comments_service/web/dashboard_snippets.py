"""The snippet of a site as a page: choices, the code to copy, and how it looks."""

from __future__ import annotations

from dataclasses import replace
from urllib.parse import urlencode

from markupsafe import Markup
from starlette.requests import Request
from starlette.responses import Response

from comments_service.core.characters import forbidden
from comments_service.core.embed_code import CHOICES, Embed, chosen
from comments_service.core.models import Site
from comments_service.core.permissions import Actor
from comments_service.core.sentence import Note
from comments_service.language import LANGUAGES, language
from comments_service.operations import maintaining, reading
from comments_service.web import views
from comments_service.web.context import Web
from comments_service.web.dashboard_pages import FRAMES, Pages

LABEL = {
    "order": Note("Order"),
    "theme": Note("Light or dark"),
    "math": Note("Formulas"),
    "isolate": Note("Styles of the page"),
    "loading": Note("Loading"),
}
_LINK = "Comments"  # the catalogues have it from the pages
USUAL = {
    "order": Note("the oldest first"),
    "theme": Note("as the page"),
    "math": Note("drawn by the service"),
    "isolate": Note("reach the comments"),
    "loading": Note("when it is near"),
}
"""What is meant where an attribute is missing."""
WORD = {
    "newest": Note("the newest first"),
    "light": Note("light"),
    "dark": Note("dark"),
    "host": Note("by the MathJax or KaTeX of the page"),
    "off": Note("as their source"),
    "shadow": Note("stay outside"),
    "eager": Note("at once"),
}


class Snippets:
    """The page of a site's snippet, and the page that it shows as an example."""

    def __init__(self, web: Web, pages: Pages) -> None:
        self._service, self._pages = web.service, pages

    async def show(self, request: Request, actor: Actor) -> Response:
        """Show the choices, the code and an example."""
        site, embed = await self._asked(request, actor)
        values = {
            "site": site,
            "embed": embed,
            "code": embed.code(self._service.settings.public_url, _word(embed)),
            "spoken": [language(code) for code in LANGUAGES],
            "choices": CHOICES,
            "label": LABEL,
            "usual": USUAL,
            "word": WORD,
            "example": urlencode({"thread": embed.thread, **embed.attributes}),
        }
        return self._pages.show(request, "snippet", values, actor=actor, policy=FRAMES)

    async def example(self, request: Request, actor: Actor) -> Response:
        """Show a page with the very code in it, for the frame beside it."""
        site, embed = await self._asked(request, actor)
        shown = embed if embed.thread else replace(embed, thread=await self._some_thread(site))
        values = {
            # Ours, and escaped where it is made.
            "code": Markup(shown.code("", _word(shown))),  # noqa: S704
            "theme": embed.attributes.get("theme", ""),
            "lang": embed.attributes.get("lang", ""),
        }
        # That of a thread's own page, and stricter: what is in the frame is nothing of the dashboard.
        allowed = views.headers(policy=site.policy)["Content-Security-Policy"]
        policy = f"{allowed}; require-trusted-types-for 'script'; trusted-types 'none'"
        return self._pages.show(request, "example", values, actor=actor, policy=policy)

    async def _asked(self, request: Request, actor: Actor) -> tuple[Site, Embed]:
        site = await maintaining.site_of(self._service, actor, request.path_params["site"])
        query = {name: text for name, text in request.query_params.items() if not forbidden(text)}
        return site, chosen(site.slug, query, LANGUAGES)

    async def _some_thread(self, site: Site) -> str:
        """Return the thread where somebody spoke last, or that of the first page."""
        found = await reading.recent(self._service, site, 1)
        return found[0][0].key if found else "/"


def _word(embed: Embed) -> str:
    return language(embed.attributes.get("lang", LANGUAGES[0])).gettext(_LINK)
