"""Every surface that shows text from outside; what is added to the service is added here.

Every attack is tried on each, over HTTP (tests/web/test_safety.py) and in Chromium
(tests/browser/test_attacked_surfaces.py).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

API, KEY = "/api/v1/sites/demo", "/archives/11390"

SURFACES = {
    "page": "/sites/demo/thread?thread={key}&page={page}",
    "page, newest first": "/sites/demo/thread?thread={key}&page={page}&order=newest",
    "fragment of the embed": "/sites/demo/fragment?thread={key}&page={page}",
    "reply and quotation": "/sites/demo/thread?thread={key}&replyTo={id}&quote={id}",
    "fragment with a quotation": "/sites/demo/fragment?thread={key}&replyTo={id}&quote={id}",
    "further replies": "/sites/demo/thread?thread={key}&root={id}",
    "fragment of further replies": "/sites/demo/fragment?thread={key}&root={id}",
    "demo page with recent comments": "/archives/11390",
    "thread of an attacked key": "/sites/demo/thread?thread={attack}&title={attack}&url={attack}",
    "thread in an attacked language": "/sites/demo/thread?thread={key}&lang={attack}&edit={attack}&voted={attack}",
    "page of an attacked key": "/archives/{attack}",
    "thread of an attacked site": "/sites/{attack}/thread?thread={attack}",
    "permalink": "/c/{id}",
    "permalink that leads nowhere": "/c/{attack}",
    "old permalink that leads nowhere": "/sites/demo/old/{attack}",
    "search, which finds the attack itself": "/sites/demo/search?q={attack}",
    "search within an attacked thread": "/sites/demo/search?q=mallory&thread={attack}&cursor={cursor}",
    "queue": "/dashboard/queue?status={status}&cursor={cursor}",
    "queue of an attacked status": "/dashboard/queue?status={attack}&cursor={attack}",
    "queue of an attacked site": "/dashboard/queue?site={attack}&notice={attack}",
    "queue of attacked words": "/dashboard/queue?q={attack}&author={attack}&network={attack}&thread={attack}",
    "report of a comment": "/sites/demo/report?id={id}",
    "report of an attacked comment": "/sites/demo/report?id={attack}",
    "one comment in the dashboard": "/dashboard/queue?id={id}",
    "what is behind a card": "/dashboard/queue?id={id}&part=1",
    "all that match": "/dashboard/all?q={attack}&author={attack}&reason={attack}",
    "log": "/dashboard/log",
    "rules": "/dashboard/rules?notice={attack}",
    "new rule of an attacked kind": "/dashboard/rules/new?kind={attack}",
    "ban of an attack, which finds it": "/dashboard/bans/new?by=name&value={attack}&site={attack}",
    "ban by an attack": "/dashboard/bans/new?by={attack}&value=mallory",
    "account": "/dashboard/account?notice={attack}",
    "people": "/dashboard/people?notice={attack}",
    "tokens": "/dashboard/tokens?notice={attack}",
    "webhooks": "/dashboard/webhooks",
    "outbox": "/dashboard/outbox",
    "outbox of an attacked state": "/dashboard/outbox?state={attack}&before={attack}",
    "mail of a moderator": "/dashboard/mail",
    "page of a mail to confirm": "/mail/confirm/{attack}",
    "page of a mail to decide": "/mail/act/{attack}",
    "one's own data": "/mail/data",
    "page of a mail with one's own data": "/mail/data/{attack}",
    "login": "/dashboard/login?next={attack}",
    "login by code": "/dashboard/login/code?next={attack}",
    "login by provider": "/dashboard/login/callback?state={attack}&code={attack}",
    "setup": "/dashboard/setup?invitation={attack}",
}
JSON_SURFACES = {
    "page as JSON": API + "/comments?thread={key}&page={page}",
    "single": API + "/comments/{id}",
    "replies": API + "/comments/{id}/replies",
    "recent": API + "/recent?limit=100",
    "changes": API + "/changes?after=0&limit=500",
    "search as JSON": API + "/search?q={attack}&limit=50",
    "counts": API + "/counts?thread={attack}",
    "site that is not there": "/api/v1/sites/{attack}/recent",
    "queue as JSON": "/api/v1/moderation/queue?status={status}&limit=200",
    "one comment for moderators": "/api/v1/moderation/comments/{id}",
    "updates": "/api/v1/moderation/updates?seq=0&q={attack}",
    "log as JSON": "/api/v1/moderation/log?limit=500",
    "rules as JSON": "/api/v1/moderation/rules",
    "bans as JSON": "/api/v1/moderation/bans",
    "people as JSON": "/api/v1/moderation/moderators",
    "tokens as JSON": "/api/v1/moderation/tokens",
    "webhooks as JSON": "/api/v1/moderation/webhooks",
    "outbox as JSON": "/api/v1/moderation/outbox?state=waiting&limit=200",
}
FEED_SURFACES = {
    f"{kind}, {what}": f"/sites/{address}"
    for kind in ("atom", "rss", "json")
    for what, address in {
        "feed of the site": f"demo/feed.{kind}",
        "feed of a thread": f"demo/feed.{kind}?thread={{key}}",
        "feed of an attacked key": f"demo/feed.{kind}?thread={{attack}}",
        "feed in an attacked language": f"demo/feed.{kind}?lang={{attack}}",
        "feed of an attacked site": f"{{attack}}/feed.{kind}",
    }.items()
}

MAILS = ("confirm", "data", "reply", "moderate", "digest")
"""Kinds of notices that leave as mail: every attack is typed wherever they show what was typed."""
EXPORT = ("index.json", "recent.json", "threads/*.json")
"""The files of an export: a builder of static sites inserts their html as it is."""


def filled(pattern: str, **values: Sequence[str]) -> list[str]:
    """Return a surface's addresses, one for each of the values of each of its fields."""
    addresses = [pattern]
    for field, given in _in_braces(values).items():
        if field in pattern:
            addresses = [each.replace(field, value) for each in addresses for value in given]
    return addresses


def _in_braces(values: Mapping[str, Sequence[str]]) -> dict[str, Sequence[str]]:
    return {f"{{{name}}}": given for name, given in values.items()}
