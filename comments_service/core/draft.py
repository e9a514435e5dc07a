"""What a visitor sends, checked: every field that is wrong is named with its remedy."""

from __future__ import annotations

import hashlib
import json
import re
import unicodedata
from typing import Annotated, Any, Literal
from urllib.parse import urlsplit

from pydantic import (
    AliasChoices,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    ValidationInfo,
    model_validator,
)
from pydantic_core import PydanticCustomError

from comments_service.core.characters import clean_body, clean_line, forbidden
from comments_service.core.sentence import Sentence
from comments_service.core.threads import NAMELESS, normalised_key

NAME, EMAIL, WEBSITE, BODY, KEY, TITLE, URL = 64, 254, 500, 10_000, 512, 300, 2_000
TOKEN, NOTE = 4_000, 500
"""Longest values, in code points."""

_EMAIL = re.compile(r"[^@\s<>\"(),:;\\\[\]]+@[^@\s<>\"(),:;\\\[\]]+\.?[^@\s<>\"(),:;\\\[\]]+")


def _fail(code: str, sentence: Sentence) -> PydanticCustomError:
    # pydantic wants a literal template; the sentence is ours and complete
    return PydanticCustomError(code, "{sentence}", {"sentence": sentence})


def _text(value: object, limit: int) -> str:
    if not isinstance(value, str):
        raise _fail("wrong_type", Sentence("Send this as text."))
    bad = forbidden(value)
    if bad:
        raise _fail(
            "forbidden_character",
            Sentence("Remove the character that is not text (NUL or half of a pair)."),
        )
    if len(value) > limit:
        raise _fail(
            "too_long",
            Sentence(
                "Shorten this to %(limit)s characters; it has %(length)s.",
                limit=limit,
                length=len(value),
            ),
        )
    return value


def _line(limit: int) -> Any:
    return BeforeValidator(lambda value: clean_line(_text("" if value is None else value, limit)))


def _name(value: object) -> str:
    name = clean_line(_text("" if value is None else value, NAME))
    if not _seen(name):
        raise _fail("missing", Sentence("Type the name to show with your comment."))
    return name


def _seen(text: str) -> bool:
    """Say whether a text has anything to see: a letter, number, mark, sign or symbol."""
    return any(unicodedata.category(letter)[0] in "LNPS" for letter in text)


def _email(value: object) -> str:
    email = clean_line(_text("" if value is None else value, EMAIL))
    if email and not _EMAIL.fullmatch(email):
        raise _fail(
            "email_invalid", Sentence("Type the address as name@example.org, or leave it empty.")
        )
    return email


def _own_email(value: object, info: ValidationInfo) -> str:
    email = _email(value)
    if not email and info.data.get("notify") and not info.data.get("identity"):
        sentence = Sentence("Type the address for mail about replies, or untick the box.")
        raise _fail("missing", sentence)
    return email


def _needed_email(value: object) -> str:
    email = _email(value)
    if not email:
        raise _fail("missing", Sentence("Type an e-mail address."))
    return email


def _website(value: object) -> str:
    website = clean_line(_text("" if value is None else value, WEBSITE))
    if website and not web_address(website):
        raise _fail(
            "website_invalid",
            Sentence("Type the whole address, beginning with https:// or http://."),
        )
    return website


def web_address(text: str) -> bool:
    """Say whether a text is an http(s) address with a host and nothing that could leave an attribute."""
    try:
        parts = urlsplit(text)
        named = bool(parts.hostname) and (parts.port is None or parts.port > 0)
    except ValueError:
        return False
    clean = not re.search(r"[\s<>\"'`\\{}|^]", text)
    return parts.scheme in ("http", "https") and named and clean and "@" not in parts.netloc


def _body(value: object) -> str:
    # Browsers send each line break of a form as two characters; a limit counts what was typed.
    typed = value.replace("\r\n", "\n") if isinstance(value, str) else value
    body = clean_body(_text("" if typed is None else typed, BODY))
    if not _seen(body):
        raise _fail("missing", Sentence("Type your comment."))
    return body


def _thread(value: object) -> str:
    key = normalised_key(clean_line(_text("" if value is None else value, KEY)))
    if not key:
        raise _fail("missing", NAMELESS)
    return key


def _parent(value: object) -> int | None:
    if value is None or value == "":
        return None
    if isinstance(value, bool) or not isinstance(value, int | str):
        raise _fail("wrong_type", Sentence("Send the id of the comment you reply to, as text."))
    return comment_number(str(value)) or 0  # 0 is nobody's id: answered as an unknown parent


def comment_number(text: str) -> int | None:
    """Return a comment's id as a number, or None where the text can't be one."""
    if not re.fullmatch(r"[0-9]{1,19}", text) or int(text) >= 2**63:
        return None
    return int(text)


def _key(value: object) -> str | None:
    return clean_line(_text("" if value is None else value, 200)) or None


def _trap(value: object) -> str:
    # Whatever stands there is welcome: a refusal would teach a program which field to leave empty.
    text = value[:200] if isinstance(value, str) else ""
    return "" if forbidden(text) else text


def _seconds(value: object) -> float | None:
    try:
        number = float(value) if isinstance(value, str | int | float) else -1.0
    except (ValueError, OverflowError):
        return None
    return number / 1000 if 0 <= number < 1e9 else None


def _ticked(value: object) -> bool:
    """Read a box of a form, which is sent only where it is ticked, or a truth value."""
    return str(value).strip().lower() not in ("", "0", "false", "off", "no", "none")


Body = Annotated[str, BeforeValidator(_body)]


class Preview(BaseModel):
    """A text to be shown as it would look."""

    body: Body = Field(default="", validate_default=True)


class Draft(BaseModel):
    """A comment as it arrived, cleaned and within its limits."""

    model_config = ConfigDict(frozen=True, extra="ignore")

    thread: Annotated[str, BeforeValidator(_thread)] = Field(default="", validate_default=True)
    url: Annotated[str, _line(URL)] = ""
    title: Annotated[str, _line(TITLE)] = ""
    parent_id: Annotated[int | None, BeforeValidator(_parent)] = Field(
        default=None, validation_alias=AliasChoices("parent_id", "replyTo")
    )
    name: Annotated[str, BeforeValidator(_name)] = Field(default="", validate_default=True)
    identity: Annotated[str, _line(TOKEN)] = ""
    notify: Annotated[bool, BeforeValidator(_ticked)] = False
    email: Annotated[str, BeforeValidator(_own_email)] = Field(default="", validate_default=True)
    website: Annotated[str, BeforeValidator(_website)] = ""
    body: Body = Field(default="", validate_default=True)
    submission_key: Annotated[str | None, BeforeValidator(_key)] = None
    trap: Annotated[str, BeforeValidator(_trap)] = Field(default="", validation_alias="subject")
    seconds: Annotated[float | None, BeforeValidator(_seconds)] = Field(
        default=None, validation_alias="elapsed"
    )

    @model_validator(mode="before")
    @classmethod
    def _named_by_token(cls, values: Any) -> Any:
        """Let the name be missing where a token has it; the token's counts anyway."""
        if isinstance(values, dict) and values.get("identity") and not values.get("name"):
            return {**values, "name": "-"}
        return values


ReportReason = Literal["spam", "abuse", "off-topic", "other"]
REPORT_REASONS: tuple[ReportReason, ...] = ("spam", "abuse", "off-topic", "other")


def _report_reason(value: object) -> object:
    if value not in REPORT_REASONS:
        raise _fail("missing", Sentence("Choose why you report this comment."))
    return value


class Report(BaseModel):
    """Why a reader reports a comment, with a note for the moderators."""

    reason: Annotated[ReportReason, BeforeValidator(_report_reason)] = Field(
        default="other", validate_default=False
    )
    note: Annotated[str, _line(NOTE)] = ""


class Vote(BaseModel):
    """A reader's vote; `visitor` is the key that the reader's browser keeps, which may be missing."""

    visitor: Annotated[str, _line(200)] = ""


class Asker(BaseModel):
    """Whose data somebody asks for."""

    email: Annotated[str, BeforeValidator(_needed_email)] = Field(default="", validate_default=True)


def digest(secret: str, thread_id: int, draft: Draft, identity: str = "") -> str:
    """Return the keyed hash of what is said, where and by whom (BLAKE2b, 32 hex digits)."""
    said = [thread_id, draft.parent_id, draft.name, draft.email, draft.website, draft.body]
    said += [identity] if identity else []
    return keyed_hash(secret, json.dumps(said))


def fingerprint(secret: str, digest: str, address: str, agent: str) -> str:
    """Return the keyed hash of a digest and the visitor who sent it."""
    return keyed_hash(secret, json.dumps([digest, address, agent]))


def keyed_hash(secret: str, text: str) -> str:
    """Return a hash of a text that nobody can guess at without the secret (BLAKE2b, 32 hex digits)."""
    key = hashlib.blake2b(secret.encode()).digest()
    return hashlib.blake2b(text.encode(), key=key, digest_size=16).hexdigest()
