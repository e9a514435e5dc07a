"""What the owner of a site chose for it; what is not chosen is as the service's settings say."""

from __future__ import annotations

from pydantic import BaseModel, ConfigDict, Field

from comments_service.core.rules import Mode


class Policy(BaseModel):
    """The settings of one site, kept as JSON in its row; each field says what it means."""

    model_config = ConfigDict(frozen=True, extra="ignore")

    moderation: Mode | None = Field(
        default=None,
        description="Whose comments wait: none, first-time, all; null: as the service's setting says.",
    )
