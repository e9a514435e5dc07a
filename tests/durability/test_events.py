"""News of moderators over real connections: sent when something changes, resumed after a break."""

from __future__ import annotations

import asyncio
import json
from pathlib import Path
from typing import Any

import httpx2

from tests.conftest import Clock, house_on, token_for
from tests.servers import Server


async def _token(folder: Path) -> str:
    async with house_on(f"sqlite:///{folder}/comments.sqlite", folder, Clock()) as house:
        return await token_for(house.service, "moderate")


async def _next(lines: Any) -> dict[str, Any]:
    """Return the next event's data, and its id as 'event'."""
    found: dict[str, str] = {}
    async for line in lines:
        name, _, value = line.partition(": ")
        if line and name:
            found[name] = value
        elif "data" in found:
            return json.loads(found["data"]) | {"event": found["id"]}
    raise AssertionError("the stream ended")


async def test_events_come_as_they_happen_and_resume_where_they_were(tmp_path: Path) -> None:
    token = await _token(tmp_path)
    with Server(tmp_path, MODERATION="all", SECRET_KEY="test") as server:
        headers = {"Authorization": f"Bearer {token}"}
        api, site = f"{server.url}/api/v1/moderation", f"{server.url}/api/v1/sites/blog"
        async with httpx2.AsyncClient(headers=headers, timeout=20) as client:

            async def post(body: str) -> str:
                draft = {"thread": "/x", "name": "alice", "body": body}
                answer = await client.post(f"{site}/comments", json=draft)
                return str(answer.json()["comment"]["id"])

            async def spam(number: str) -> None:
                ask = [{"id": number, "version": 1, "action": "spam"}]
                await client.post(f"{api}/decisions", json=ask)

            one, two = await post("one"), await post("two")
            async with client.stream("GET", f"{api}/events") as stream:
                lines = stream.aiter_lines()
                assert (await _next(lines))["counts"]["pending"] == 2
                await spam(one)
                news = await _next(lines)
                assert [act["id"] for act in news["decided"]] == [one]
            await spam(two)
            resume = {"Last-Event-ID": news["event"]}
            async with client.stream("GET", f"{api}/events", headers=resume) as stream:
                missed = await _next(stream.aiter_lines())
            assert [act["id"] for act in missed["decided"]] == [two]
            async with client.stream("GET", f"{api}/events") as stream:
                await _next(stream.aiter_lines())
                await asyncio.to_thread(server.stop)
