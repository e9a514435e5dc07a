"""What a checker outside is asked about a comment, and what its answer means."""

from __future__ import annotations

from urllib.parse import urlencode

from comments_service.core.kinds.base import Checked
from comments_service.core.models import Comment, Site
from comments_service.service import Service

_ANSWERS: dict[str, Checked] = {"true": "spam", "false": "kept"}


async def asked(service: Service, site: Site, comment: Comment) -> Checked:
    """Return what the checker says of a comment: 'silent' for no answer, or one that means nothing."""
    if service.check is None:
        return "silent"
    return _ANSWERS.get(await service.check(_question(service, site, comment)), "silent")


def _question(service: Service, site: Site, comment: Comment) -> bytes:
    """Return the form that Akismet's comment-check takes."""
    home = site.origins[0] if site.origins else service.settings.public_url
    fields = {
        "api_key": service.settings.akismet_key,
        "blog": home,
        "user_ip": comment.address,
        "user_agent": comment.agent,
        "comment_type": "reply" if comment.parent_id else "comment",
        "comment_author": comment.name,
        "comment_author_email": comment.email,
        "comment_author_url": comment.website,
        "comment_content": comment.body,
        "blog_charset": "UTF-8",
    }
    return urlencode({name: text for name, text in fields.items() if text}).encode()
