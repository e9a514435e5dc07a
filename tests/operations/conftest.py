"""What tests of notices are given: houses that send to receivers on loopback, on each engine."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from tests.conftest import Clock
from tests.notifying import Post, post_office
from tests.receivers import Receiver


@pytest.fixture
async def office(database_url: str, tmp_path: Path, clock: Clock) -> AsyncIterator[Post]:
    """A house where everybody's comments appear at once."""
    async with post_office(database_url, tmp_path, clock) as opened:
        yield opened


@pytest.fixture
async def strict_office(database_url: str, tmp_path: Path, clock: Clock) -> AsyncIterator[Post]:
    """A house where first comments wait."""
    async with post_office(database_url, tmp_path, clock, moderation="first-time") as opened:
        yield opened


@pytest.fixture
async def receiver() -> AsyncIterator[Receiver]:
    async with Receiver() as opened:
        yield opened
