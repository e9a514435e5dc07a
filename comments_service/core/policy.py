"""What the owner of a site chose for it; what is not chosen is as the service's settings say."""

from __future__ import annotations

from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field, field_validator
from pydantic_core import PydanticCustomError

from comments_service.core.draft import web_address
from comments_service.core.rules import Mode
from comments_service.core.sentence import Note

SHORTEST_KEY = 32


class Policy(BaseModel):
    """The settings of one site, kept as JSON in its row; each field says what it means."""

    model_config = ConfigDict(frozen=True, extra="ignore")

    votes: bool = Field(default=True, description="Whether readers can say that a comment helped.")
    avatars: Literal["identicon", "gravatar", "none"] = Field(
        default="identicon",
        description="identicon: made by the service; gravatar: asks gravatar.com, which learns of readers.",
    )
    report_threshold: int | None = Field(
        default=None,
        ge=1,
        le=1_000,
        description="From how many open reports a comment is held; null: reports alone hide nothing.",
    )
    identity_key: str = Field(
        default="",
        max_length=200,
        description="The key with which the site's server signs whom it vouches for, 32 characters or more.",
        json_schema_extra={"secret": True},
    )
    moderation: Mode | None = Field(
        default=None,
        description="Whose comments wait: none, first-time, all; null: as the service's setting says.",
    )

    reply_mail: bool = Field(
        default=True,
        description="Whether authors can ask for mail about replies, where the service sends mail.",
    )
    websub_hub: str = Field(
        default="",
        max_length=500,
        description="Address of a WebSub hub that is told when the site's feeds change; empty: none.",
    )

    @field_validator("websub_hub")
    @classmethod
    def _whole_address(cls, value: str) -> str:
        if value and not (web_address(value) and value.isascii()):
            sentence = Note(
                "Type the whole address of the hub, beginning with https:// or http://."
            )
            raise PydanticCustomError("hub_invalid", "{sentence}", {"sentence": sentence})
        return value

    @field_validator("identity_key")
    @classmethod
    def _long_enough(cls, value: str) -> str:
        if value and len(value) < SHORTEST_KEY:
            sentence = Note("Choose a key of at least %(least)s characters.", least=SHORTEST_KEY)
            raise PydanticCustomError("too_short", "{sentence}", {"sentence": sentence})
        return value

    @classmethod
    def secrets(cls) -> frozenset[str]:
        """Return the names of the settings that are never shown."""
        return frozenset(
            name
            for name, field in cls.model_fields.items()
            if (field.json_schema_extra or {}).get("secret")  # type: ignore[union-attr]
        )

    def shown(self) -> dict[str, Any]:
        """Return the settings for people and for the log: of a secret only whether there is one."""
        values = self.model_dump()
        return values | {name: "set" if values[name] else "" for name in self.secrets()}
