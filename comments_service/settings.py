"""What an operator can set: environment (COMMENTS_*), a TOML file, or flags; flags win, then environment."""

from __future__ import annotations

import contextlib
import difflib
import ipaddress
import os
import secrets
import tomllib
from email.utils import parseaddr
from pathlib import Path
from typing import Annotated, Any, Literal, Self
from urllib.parse import urlsplit

from pydantic import Field, ValidationError, field_validator, model_validator
from pydantic_settings import BaseSettings, NoDecode, SettingsConfigDict

PREFIX = "COMMENTS_"
SECRETS = (
    "database_url",
    "secret_key",
    "oidc_client_secret",
    "smtp_url",
    "smtp_password",
    "akismet_key",
)

Network = ipaddress.IPv4Network | ipaddress.IPv6Network


class SettingsInvalid(Exception):
    """A setting is unknown or wrong; the sentence names it and the remedy."""


class Settings(BaseSettings):
    """Hold every setting of one process, checked once at start."""

    model_config = SettingsConfigDict(env_prefix=PREFIX, frozen=True, extra="forbid")

    data_dir: Path = Field(
        Path("data"), description="Folder of the SQLite file and the secret key."
    )
    database_url: str = Field(
        "",
        description="sqlite:///PATH or postgresql://USER@HOST/NAME; default: comments.sqlite in DATA_DIR.",
    )
    host: str = Field("127.0.0.1", description="Address to listen on.")
    port: int = Field(8000, ge=0, le=65535, description="TCP port to listen on.")
    base_url: str = Field(
        "", description="Public address of the service; default: http://HOST:PORT."
    )
    secret_key: str = Field(
        "",
        description="Signs receipts and forms; default: made once and kept in DATA_DIR/secret.key.",
    )
    trusted_proxies: Annotated[tuple[Network, ...], NoDecode] = Field(
        (),
        description="Networks whose X-Forwarded-For is believed, separated by commas; default: none.",
    )
    moderation: Literal["none", "first-time", "all"] = Field(
        "first-time",
        description="Whose comments wait for a moderator: none, first-time authors, all.",
    )
    page_size: int = Field(10, ge=1, le=100, description="Floors on a page of a new thread.")
    rate_limits: Literal["on", "off"] = Field(
        "on", description="off is for load tests on loopback only."
    )
    oidc_issuer: str = Field(
        "", description="Address of an OpenID Connect provider by which moderators may sign in."
    )
    oidc_client_id: str = Field("", description="What the provider calls this service.")
    oidc_client_secret: str = Field("", description="What the provider knows this service by.")
    smtp_url: str = Field(
        "",
        description="Where mail is handed in: smtp://USER@HOST:587 or smtps://USER@HOST:465; default: no mail.",
    )
    smtp_password: str = Field("", description="Password of the user in SMTP_URL.")
    mail_from: str = Field(
        "",
        description="Sender of all mail: comments@example.org, or Comments <comments@example.org>.",
    )
    notice_delay: float = Field(
        5.0,
        ge=0,
        le=600,
        description="Seconds before a notice leaves; an undo within them takes it back.",
    )
    outbound_networks: Annotated[tuple[Network, ...], NoDecode] = Field(
        (),
        description="Private networks that webhooks may reach, separated by commas; default: none.",
    )
    akismet_key: str = Field(
        "", description="Key of the spam checker that a rule may ask; default: none is asked."
    )
    akismet_url: str = Field(
        "https://rest.akismet.com/1.1/comment-check",
        description="Where a spam checker is asked that speaks as Akismet does.",
    )
    log_level: Literal["debug", "info", "warning", "error"] = Field(
        "info", description="The least serious thing that is logged."
    )

    @field_validator("trusted_proxies", "outbound_networks", mode="before")
    @classmethod
    def _networks(cls, value: object) -> object:
        if not isinstance(value, str):
            return value
        parts = [part.strip() for part in value.split(",") if part.strip()]
        return tuple(ipaddress.ip_network(part, strict=False) for part in parts)

    @field_validator("base_url", "akismet_url")
    @classmethod
    def _address(cls, value: str) -> str:
        if value and (
            urlsplit(value).scheme not in ("http", "https") or not urlsplit(value).netloc
        ):
            raise ValueError("must begin with http:// or https://")
        return value.rstrip("/")

    @field_validator("database_url")
    @classmethod
    def _scheme(cls, value: str) -> str:
        if value and not value.startswith(("sqlite:///", "postgresql://", "postgres://")):
            raise ValueError("must begin with sqlite:/// or postgresql://")
        return value

    @field_validator("oidc_issuer")
    @classmethod
    def _issuer(cls, value: str) -> str:
        parts = urlsplit(value)
        near = parts.scheme == "http" and parts.hostname in ("127.0.0.1", "::1", "localhost")
        if value and not (near or (parts.scheme == "https" and parts.netloc)):
            raise ValueError("must begin with https://")
        return value

    @model_validator(mode="after")
    def _whole_provider(self) -> Self:
        named = (self.oidc_issuer, self.oidc_client_id, self.oidc_client_secret)
        if any(named) and not all(named):
            raise ValueError("Name all three: OIDC_ISSUER, OIDC_CLIENT_ID and OIDC_CLIENT_SECRET")
        return self

    @field_validator("smtp_url")
    @classmethod
    def _mail_server(cls, value: str) -> str:
        parts = urlsplit(value)
        if value and (parts.scheme not in ("smtp", "smtps") or not parts.hostname):
            raise ValueError("must begin with smtp:// or smtps:// and name a host")
        if value and (parts.query not in ("", "tls=none") or parts.path not in ("", "/")):
            raise ValueError("takes nothing behind the host but ?tls=none")
        return value

    @field_validator("mail_from")
    @classmethod
    def _sender(cls, value: str) -> str:
        _, address = parseaddr(value)
        if value and ("@" not in address.strip("@") or not value.isprintable()):
            raise ValueError("must be an address such as comments@example.org")
        return value

    @model_validator(mode="after")
    def _whole_mail(self) -> Self:
        if bool(self.smtp_url) != bool(self.mail_from):
            raise ValueError("Name both SMTP_URL and MAIL_FROM to send mail, or none of them")
        return self

    @property
    def mails(self) -> bool:
        """Say whether the service can send mail."""
        return bool(self.smtp_url)

    @property
    def public_url(self) -> str:
        """Return the service's public address, without a slash at the end."""
        host = "localhost" if self.host in ("0.0.0.0", "::") else self.host
        return self.base_url or f"http://{f'[{host}]' if ':' in host else host}:{self.port}"

    @property
    def database(self) -> str:
        """Return the database URL, with the default filled in."""
        return self.database_url or f"sqlite:///{self.data_dir / 'comments.sqlite'}"


def load(config: Path | None = None, **flags: Any) -> Settings:
    """Read the settings of this process.

    Raises SettingsInvalid with a sentence for a person.
    """
    chosen = {name: value for name, value in flags.items() if value is not None}
    try:
        _refuse_unknown_environment()
        values = _from_toml(config) | _from_environment() | chosen
        return Settings(**values)
    except ValidationError as error:
        raise SettingsInvalid("\n".join(_sentence(item) for item in error.errors())) from None
    except OSError as error:
        raise SettingsInvalid(f"{error.filename}: {error.strerror}") from None


def _sentence(error: Any) -> str:
    said = error["msg"].removeprefix("Value error, ")
    if not error["loc"]:  # about several together
        return f"{said}."
    name = str(error["loc"][0])
    if error["type"] == "extra_forbidden":
        return f"There is no setting {name.upper()}.{_hint(name)}"
    return f"{PREFIX}{name.upper()}: {said}."


def _hint(name: str) -> str:
    close = difflib.get_close_matches(name.lower(), Settings.model_fields, n=1)
    return f" Did you mean {close[0].upper()}?" if close else ""


def _refuse_unknown_environment() -> None:
    known = {PREFIX + name.upper() for name in Settings.model_fields}
    known |= {f"{PREFIX}{name.upper()}_FILE" for name in SECRETS}
    for name in sorted(os.environ):
        if name.startswith(PREFIX) and name not in known:
            raise SettingsInvalid(f"There is no setting {name}.{_hint(name.removeprefix(PREFIX))}")


def _from_toml(config: Path | None) -> dict[str, Any]:
    if config is None:
        return {}
    try:
        values = tomllib.loads(config.read_text("utf-8"))
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise SettingsInvalid(f"{config}: {error}.") from None
    return {name.lower().replace("-", "_"): value for name, value in values.items()}


def _from_environment() -> dict[str, str]:
    names = [name for name in Settings.model_fields if PREFIX + name.upper() in os.environ]
    values = {name: os.environ[PREFIX + name.upper()] for name in names}
    for name in SECRETS:
        path = os.environ.get(f"{PREFIX}{name.upper()}_FILE")
        if path:
            values[name] = _from_file(Path(path))
    return values


def _from_file(path: Path) -> str:
    try:
        found = path.read_text("utf-8").strip()
    except UnicodeDecodeError:
        raise SettingsInvalid(f"{path} is no text: write letters, as base64 does.") from None
    if not found:  # as after a command that failed; a default in its place would surprise
        raise SettingsInvalid(f"{path} is empty.")
    return found


def secret_key(settings: Settings) -> str:
    """Return the signing key, making and keeping one at the first start."""
    if settings.secret_key:
        return settings.secret_key
    path = settings.data_dir / "secret.key"
    settings.data_dir.mkdir(parents=True, exist_ok=True)
    if not path.exists():
        fresh = path.with_name(f"secret.{secrets.token_hex(8)}")
        fresh.touch(mode=0o600)
        fresh.write_text(secrets.token_urlsafe(32) + "\n", "ascii")
        with contextlib.suppress(FileExistsError):  # another process was first: its key is the key
            path.hardlink_to(fresh)
        fresh.unlink()
    return path.read_text("ascii").strip()
