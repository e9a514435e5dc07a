"""What the dashboard calls events, notices and choices of mail, for catalogues to translate."""

from __future__ import annotations

from comments_service.core.mailing import About, Pace
from comments_service.core.notices import Event, Kind, State
from comments_service.core.sentence import Note

EVENT: dict[str, Note] = {
    "published": Note("Published"),
    "edited": Note("Edited"),
    "removed": Note("Removed"),
    "pending": Note("Waits"),
    "decided": Note("Decided"),
    "test": Note("Test"),
}
EVENT_MEANS: dict[Event, Note] = {
    "published": Note("readers can see a comment"),
    "edited": Note("a comment that they see says something else"),
    "removed": Note("they can't see it any more"),
    "pending": Note("a comment waits for moderators; tells what it says"),
    "decided": Note("a moderator did something to a comment; tells what it says, and who did it"),
}
KIND: dict[Kind, Note] = {
    "event": Note("Event"),
    "webhook": Note("Webhook"),
    "hub": Note("WebSub hub"),
    "reply": Note("Mail: reply"),
    "confirm": Note("Mail: confirmation"),
    "data": Note("Mail: own data"),
    "moderate": Note("Mail: new comment"),
    "digest": Note("Mail: digest"),
}
STATE: dict[State, Note] = {
    "waiting": Note("On its way"),
    "sent": Note("Sent"),
    "dead": Note("Undeliverable"),
}
PACE: dict[Pace, Note] = {
    "each": Note("each by itself"),
    "hourly": Note("once an hour"),
    "daily": Note("once a day, at 6:00 UTC"),
    "never": Note("never"),
}
ABOUT: dict[About, Note] = {
    "waiting": Note("comments that wait"),
    "all": Note("every new comment"),
}
DONE: dict[str, Note] = {
    "erase": Note("Had all that was personal erased"),
    "send_again": Note("Had notices sent again"),
    "webhook": Note("Made a webhook"),
    "webhook_changed": Note("Changed a webhook"),
    "webhook_key": Note("New key for a webhook"),
    "webhook_key_retired": Note("Retired a webhook's former key"),
    "webhook_removed": Note("Removed a webhook"),
}
