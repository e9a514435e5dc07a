"""The refusals of the house, each with the code that clients may rely on."""

from __future__ import annotations

from dataclasses import dataclass

from comments_service.core.sentence import Note, Sentence


@dataclass(frozen=True)
class FieldError:
    """Says what is wrong with one field and how to mend it."""

    field: str
    code: str
    message: str


class Refused(Exception):
    """Base of everything the service refuses; `code` is stable, the sentence is for people.

    What readers and writers can meet is a Sentence; what only moderators meet is in English.
    """

    code = "refused"
    sentence: str = Sentence("The request was refused.")

    def __init__(self, sentence: str | None = None) -> None:
        self.sentence = sentence or self.sentence
        super().__init__(self.sentence)


class BadFields(Refused):
    """One or more fields are wrong; `errors` names each with its remedy."""

    code = "fields_invalid"
    sentence = Sentence("Some fields need another look.")

    def __init__(self, *errors: FieldError) -> None:
        super().__init__()
        self.errors = errors


class BodyMalformed(Refused):
    code = "body_malformed"
    sentence = Sentence("The request body could not be read in the format that Content-Type names.")


class MediaTypeUnknown(Refused):
    code = "media_type_unsupported"
    sentence = Sentence(
        "Send application/json, application/x-www-form-urlencoded or multipart/form-data as UTF-8."
    )


class BodyTooLarge(Refused):
    code = "body_too_large"
    sentence = Sentence("The request is larger than the service reads.")


class BodyTooSlow(Refused):
    code = "body_too_slow"
    sentence = Sentence("The request did not arrive in time. Send it again.")


class SubmissionKeyReused(Refused):
    code = "submission_key_reused"
    sentence = Sentence(
        "This submission key was already used for other content. Make a new key and send again."
    )


class ThreadClosed(Refused):
    code = "thread_closed"
    sentence = Sentence("This thread is closed: it takes no new comments.")


class ThreadCollision(Refused):
    code = "thread_collision"
    sentence = Sentence("Another thread already has the number of this key. Choose another key.")


class RefusedByRule(Refused):
    """A rule of the site rejects what was sent; the sentence says what it found."""

    code = "refused_by_rule"
    sentence = Sentence("A rule of this site does not let this comment in.")


class Banned(RefusedByRule):
    code = "banned"


class RuleUnknown(Refused):
    code = "rule_unknown"
    sentence = Note("There is no such rule or ban. Somebody may have deleted it.")


class RuleChanged(Refused):
    code = "rule_changed"
    sentence = Note("Somebody changed this rule meanwhile. Look at it as it is now.")


class OriginRefused(Refused):
    code = "origin_refused"
    sentence = Sentence(
        "Pages of this origin may not write to this site. Its owner can register the origin."
    )


class SiteUnknown(Refused):
    code = "site_unknown"
    sentence = Sentence("There is no site of this name.")


class ParentUnknown(Refused):
    code = "parent_unknown"
    sentence = Sentence("The comment you reply to is not in this thread or is no longer shown.")


class CommentUnknown(Refused):
    code = "comment_unknown"
    sentence = Sentence("There is no such comment, or it is not shown.")


class ReceiptRefused(Refused):
    code = "receipt_refused"
    sentence = Sentence(
        "Only the author can do this, with the receipt given when the comment was posted."
    )


class WindowClosed(Refused):
    code = "window_closed"
    sentence = Sentence("The time in which an author can change this comment is over.")


class NotAllowed(Refused):
    code = "login_required"
    sentence = Sentence("Sign in, or send a token as 'Authorization: Bearer ...'.")


class VotesOff(Refused):
    code = "votes_off"
    sentence = Sentence("This site takes no votes.")


class VoteOwn(Refused):
    code = "vote_own"
    sentence = Sentence("Nobody votes on a comment of their own.")


class NotPermitted(Refused):
    code = "not_permitted"
    sentence = Note("Your role does not allow this here. An owner can change it.")


class BatchUnknown(Refused):
    code = "batch_unknown"
    sentence = "There is no such decision or batch, or nothing of it can be undone."


class LoginFailed(Refused):
    code = "login_failed"
    sentence = Sentence("The e-mail address or the password is wrong.")


class CodeWrong(Refused):
    code = "code_wrong"
    sentence = Note("This code is not right, or was used before. Wait for the next one.")


class LoginExpired(Refused):
    code = "login_expired"
    sentence = Note("That took too long. Sign in again from the beginning.")


class ProviderRefused(Refused):
    code = "provider_refused"
    sentence = Note(
        "The identity provider confirmed nobody who has an account here. Ask an owner to invite you, "
        "with the address that the provider knows and has verified."
    )


class ProviderUnavailable(Refused):
    code = "provider_unavailable"
    sentence = Note(
        "The identity provider does not answer as it should. Try again, or use your password."
    )


class InvitationInvalid(Refused):
    code = "invitation_invalid"
    sentence = Note(
        "This link was already used or has expired. Ask an owner for a new one. "
        "Restart the service to get one while nobody has an account."
    )


class ModeratorUnknown(Refused):
    code = "moderator_unknown"
    sentence = Note("There is no such account. Somebody may have removed it.")


class LastOwner(Refused):
    code = "last_owner"
    sentence = Note("This is the only owner. Make somebody else an owner first.")


class TokenUnknown(Refused):
    code = "token_unknown"
    sentence = Note("There is no such token. Somebody may have revoked it.")


class LinkInvalid(Refused):
    code = "link_invalid"
    sentence = Sentence("This link is not whole, or not ours. Copy all of it from the mail.")


class LinkExpired(LinkInvalid):
    code = "link_expired"
    sentence = Sentence("This link is too old to do anything.")


class NoticeUnknown(Refused):
    code = "notice_unknown"
    sentence = Note("There is no such notice, or it is being sent just now.")


class WebhookUnknown(Refused):
    code = "webhook_unknown"
    sentence = Note("There is no such webhook. Somebody may have removed it.")


class FormExpired(Refused):
    code = "form_expired"
    sentence = Sentence(
        "This form is too old or came from elsewhere. Open the page again and repeat."
    )


class TooManyRequests(Refused):
    """Too much in too short a time; `retry_after` is in whole seconds."""

    code = "rate_limited"

    def __init__(self, retry_after: int) -> None:
        super().__init__(
            Sentence(
                "That was too much in a short time. Send it again in %(seconds)s s.",
                seconds=retry_after,
            )
        )
        self.retry_after = retry_after


class StreamsFull(Refused):
    code = "streams_full"
    sentence = Sentence(
        "This process serves as many event streams as it can. Poll 'changes', or come back later."
    )


class Unavailable(Refused):
    code = "unavailable"
    sentence = Sentence(
        "The database does not answer just now. Nothing was lost; send it again in a moment."
    )


class DatabaseUnusable(Exception):
    """The database can't be opened as it is; the sentence tells the operator what to do."""


class ExportImpossible(Exception):
    """A directory can't be exported to; the sentence says why, and what to do."""


class ImportImpossible(Exception):
    """A file can't be imported; the sentence says what was expected and what was found."""
