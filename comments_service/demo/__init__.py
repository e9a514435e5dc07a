"""The demo: a site with an article and a conversation imported from a real Typecho database."""

from __future__ import annotations

from dataclasses import replace
from importlib import resources

from comments_service.operations import importing, maintaining
from comments_service.service import Service

SITE = "demo"
THREAD = "/archives/11390"
"""The imported thread that the demo page shows: seven pages of floors."""


async def fill(service: Service) -> None:
    """Make the demo site, once, and import its conversation; what is there already is left alone."""
    base = service.settings.public_url
    await maintaining.add_site(service, SITE, [base])
    from comments_service.importers import typecho

    with resources.as_file(resources.files(__name__) / "typecho.sqlite") as path:
        found = typecho.read(path)
    here = [replace(thread, url=base + thread.key) for thread in found.threads]
    await importing.import_comments(service, SITE, replace(found, threads=here))
