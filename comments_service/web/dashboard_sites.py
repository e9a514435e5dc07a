"""The sites as pages: the list, a new one, and what its owner chose for each."""

from __future__ import annotations

from starlette.requests import Request
from starlette.responses import Response

from comments_service.core.models import Site
from comments_service.core.permissions import Actor
from comments_service.core.policy import Policy
from comments_service.core.sentence import Note
from comments_service.errors import BadFields, FieldError
from comments_service.operations import maintaining
from comments_service.web import access
from comments_service.web.context import Web
from comments_service.web.dashboard_account import told_at
from comments_service.web.dashboard_acts import notices_of
from comments_service.web.dashboard_pages import Fields, Pages, fields_of
from comments_service.web.site_forms import inputs, policy_of

PAGE = "/dashboard/sites"


class Sites:
    """The pages and their forms; they are for owners."""

    def __init__(self, web: Web, pages: Pages) -> None:
        self._web, self._service, self._pages = web, web.service, pages

    async def every(self, request: Request, actor: Actor) -> Response:
        """Show all sites, and the form for a new one."""
        return await self._list(request, actor)

    async def _list(
        self,
        request: Request,
        actor: Actor,
        typed: Fields | None = None,
        error: BadFields | None = None,
    ) -> Response:
        known = await maintaining.list_sites(self._service)
        values = {
            "told": notices_of(self._service, request).read(request.query_params.get("notice", "")),
            "sites": [site for site in known if actor.on_site(site.site_id)],
            "typed": typed or Fields(),
            "problems": _problems(error),
        }
        return self._pages.show(request, "sites", values, actor=actor, error=error)

    async def make(self, request: Request, actor: Actor) -> Response:
        """Make a site, and lead to its settings."""
        form = await self._form(request)
        slug = form.get("slug", "").strip()
        try:
            await maintaining.make_site(self._service, actor, slug, lines(form))
        except BadFields as error:
            return await self._list(request, actor, form, error)
        said = Note("The site is made. Put its snippet on your pages.")
        return told_at(f"{PAGE}/{slug}", self._web, request, said)

    async def show(self, request: Request, actor: Actor) -> Response:
        """Show the settings of a site."""
        return await self._one(request, actor, await self._site(request, actor))

    async def _site(self, request: Request, actor: Actor) -> Site:
        return await maintaining.site_of(self._service, actor, request.path_params["site"])

    async def _one(
        self,
        request: Request,
        actor: Actor,
        site: Site,
        typed: Fields | None = None,
        error: BadFields | None = None,
    ) -> Response:
        values = {
            "told": notices_of(self._service, request).read(request.query_params.get("notice", "")),
            "site": site,
            "mark": maintaining.mark_of(self._service, site),
            "origins": typed.get("origins", "") if typed else "\n".join(site.origins),
            "inputs": inputs(site.policy, typed),
            "problems": _problems(error),
            "usual": self._service.settings.moderation,
        }
        return self._pages.show(request, "site", values, actor=actor, error=error)

    async def change(self, request: Request, actor: Actor) -> Response:
        """Store what a form says of a site."""
        form, site = await self._form(request), await self._site(request, actor)
        try:
            self._check_mark(form, site)
            policy, homes = _both(form, site)
            changed = await maintaining.change_policy(self._service, actor, site, policy, homes)
        except BadFields as error:
            return await self._one(request, actor, site, form, error)
        self._web.sites.keep(changed)
        return told_at(f"{PAGE}/{site.slug}", self._web, request, Note("The settings are stored."))

    def _check_mark(self, form: Fields, site: Site) -> None:
        """Refuse a form that was made before somebody else changed the site. Raises BadFields."""
        if form.get("mark") != maintaining.mark_of(self._service, site):
            sentence = Note(
                "Somebody changed these settings meanwhile. Yours are below: look, and store them again."
            )
            raise BadFields(FieldError("mark", "settings_changed", sentence))

    async def _form(self, request: Request) -> Fields:
        form = await fields_of(request)
        access.check_form(request, self._service, form.get("csrf", ""))
        return form


def lines(form: Fields) -> list[str]:
    """Return the origins of a form, one a line."""
    return [line.strip() for line in form.get("origins", "").splitlines() if line.strip()]


def _both(form: Fields, site: Site) -> tuple[Policy, list[str]]:
    """Return settings and origins of a form, with all that is wrong with either. Raises BadFields."""
    homes, wrong = lines(form), list[FieldError]()
    try:
        maintaining.origins_of(homes)
    except BadFields as error:
        wrong += error.errors
    try:
        policy = policy_of(form, site.policy)
    except BadFields as error:
        raise BadFields(*error.errors, *wrong) from None
    if wrong:
        raise BadFields(*wrong)
    return policy, homes


def _problems(error: BadFields | None) -> dict[str, str]:
    return {each.field: each.message for each in error.errors} if error else {}
