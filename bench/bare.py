"""The measure of all reads: one Starlette route that returns bytes, under the same uvicorn.

`python -m bench.bare PORT FOLDER`: GET or POST /NAME answers the bytes of FOLDER/NAME.
"""

from __future__ import annotations

import asyncio
import sys
from pathlib import Path

import uvloop
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from comments_service import server
from comments_service.settings import Settings


def build(folder: Path) -> Starlette:
    """Return the application; each file is read once."""
    bodies: dict[str, bytes] = {}

    async def answer(request: Request) -> Response:
        name = request.path_params["name"]
        if name == "304":
            return Response(status_code=304)
        if request.method == "POST":
            await request.body()
        if name not in bodies:
            bodies[name] = (folder / name).read_bytes()
        return Response(bodies[name], media_type="application/json")

    return Starlette(routes=[Route("/{name}", answer, methods=["GET", "POST"])])


def main() -> None:
    """Serve until ended."""
    settings, folder = Settings(port=int(sys.argv[1])), Path(sys.argv[2])
    with (
        server.listen(settings) as listener,
        asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner,
    ):
        runner.run(server.make(build(folder), settings, lambda: None).serve([listener]))


if __name__ == "__main__":
    main()
