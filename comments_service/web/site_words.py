"""What the dashboard calls the settings of a site; a setting without words here is shown by its own."""

from __future__ import annotations

from comments_service.core.sentence import Note

LABEL: dict[str, Note] = {
    "votes": Note("Votes"),
    "avatars": Note("Pictures"),
    "report_threshold": Note("Hold after so many reports"),
    "identity_key": Note("Key of the site's server"),
    "moderation": Note("Whose comments wait"),
    "reply_mail": Note("Mail about replies"),
    "websub_hub": Note("WebSub hub"),
}
MEANS: dict[str, Note] = {
    "votes": Note("Readers can say that a comment helped them."),
    "avatars": Note("What stands beside a name."),
    "report_threshold": Note(
        "A comment with so many open reports is held until a moderator has looked. Empty: reports hide nothing."
    ),
    "identity_key": Note(
        "With it your server signs whom it vouches for: 32 characters or more, known to both servers alone."
    ),
    "moderation": Note("Until a moderator has approved them, readers don't see them."),
    "reply_mail": Note("Authors can ask for it, where the service sends mail."),
    "websub_hub": Note("Address of a hub that is told when the site's feeds change. Empty: none."),
}
CHOICE: dict[str, dict[str, Note]] = {
    "avatars": {
        "identicon": Note("Drawn by the service from a keyed hash"),
        "gravatar": Note("From gravatar.com, which learns of your readers"),
        "none": Note("None"),
    },
    "moderation": {
        "": Note("As the service's setting says"),
        "none": Note("Nobody's"),
        "first-time": Note("First comments"),
        "all": Note("Everybody's"),
    },
}
