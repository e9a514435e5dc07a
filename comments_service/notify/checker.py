"""The checker outside that a rule may ask: called through the guarded client, never for long."""

from __future__ import annotations

from collections.abc import Awaitable, Callable

from comments_service.outside import NotReached, Outside
from comments_service.settings import Settings

SECONDS = 5.0
"""How long the author of a comment waits for a checker."""
_FORM = {"Content-Type": "application/x-www-form-urlencoded"}


def checker(settings: Settings) -> Callable[[bytes], Awaitable[str]] | None:
    """Return what asks the checker that the settings name, '' where it does not answer as it should."""
    if not settings.akismet_key:
        return None
    outside = Outside(settings.outbound_networks)

    async def ask(body: bytes) -> str:
        try:
            answer = await outside.post(settings.akismet_url, body, _FORM, seconds=SECONDS)
        except NotReached:
            return ""
        return answer.text.strip() if answer.status == 200 else ""

    return ask
