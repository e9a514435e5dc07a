"""Calls of webhooks and hubs: sent through the guarded client, judged by the status of the answer."""

from __future__ import annotations

from collections.abc import Mapping

from comments_service.core.notices import Result, Verdict
from comments_service.outside import Answer, NotReached, Outside, Refused

_GONE = 410


async def call(outside: Outside, url: str, body: bytes, headers: Mapping[str, str]) -> Result:
    """Send a body to an address, and return what came of it."""
    try:
        answer = await outside.post(url, body, headers)
    except Refused as error:
        return Result("never", str(error))
    except NotReached as error:
        return Result("later", str(error))
    return judged(answer)


def judged(answer: Answer) -> Result:
    """Return what an answer means: only 2xx says that it was taken; a redirect is not followed."""
    said = answer.text
    if 300 <= answer.status < 400:
        said = f"It leads on to {answer.headers.get('location', 'nowhere')}; redirects are not followed."
    return Result(_verdict(answer.status), said, answer.status, answer.milliseconds)


def _verdict(status: int) -> Verdict:
    if 200 <= status < 300:
        return "sent"
    return "never" if status == _GONE else "later"
