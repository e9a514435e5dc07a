"""What the dashboard calls roles, scopes and what is done to accounts, for catalogues to translate."""

from __future__ import annotations

from comments_service.core.permissions import Role, Scope
from comments_service.core.sentence import Note

ROLE: dict[Role, Note] = {
    "owner": Note("Owner"),
    "moderator": Note("Moderator"),
    "reader": Note("Reader"),
}
ROLE_MEANS: dict[Role, Note] = {
    "owner": Note("everything: also sites, people and tokens"),
    "moderator": Note("decides, replies, edits, and changes rules"),
    "reader": Note("sees the queues and the log, and changes nothing"),
}
SCOPE: dict[Scope, Note] = {
    "read": Note("Read"),
    "moderate": Note("Moderate"),
    "manage": Note("Manage"),
}
SCOPE_MEANS: dict[Scope, Note] = {
    "read": Note("queues, log and figures"),
    "moderate": Note("also decisions"),
    "manage": Note("rules, sites, people and tokens: as much as an owner"),
}
DONE: dict[str, Note] = {
    "account": Note("Made an account"),
    "bind": Note("Joined the account with the identity provider"),
    "invite": Note("Invited somebody"),
    "join": Note("Accepted an invitation"),
    "login": Note("Signed in"),
    "logout": Note("Signed out"),
    "password": Note("New password"),
    "password_link": Note("Link for a new password"),
    "policy": Note("Changed a site's settings"),
    "recovery_codes": Note("New recovery codes"),
    "remove": Note("Removed an account"),
    "revoke": Note("Revoked a token"),
    "role": Note("Changed a role"),
    "second_factor_off": Note("Second factor off"),
    "second_factor_on": Note("Second factor on"),
    "second_factor_reset": Note("Second factor taken away"),
    "site": Note("Made a site"),
    "token": Note("Made a token"),
    "withdraw": Note("Withdrew an invitation"),
}
