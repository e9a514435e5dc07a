"""The plain files are sent small and whole, and once."""

from __future__ import annotations

import gzip
import re
from pathlib import Path

import httpx2
import pytest

import comments_service
from comments_service.web.files import trimmed

STATIC = Path(comments_service.__file__).parent / "static"
SCRIPTS = sorted(STATIC.rglob("*.js"))


@pytest.fixture
def database_url(tmp_path: Path) -> str:
    """One engine is enough here."""
    return f"sqlite:///{tmp_path}/comments.sqlite"


async def test_a_file_is_sent_compressed_and_revalidated(client: httpx2.AsyncClient) -> None:
    plain = await client.get("/static/embed.js", headers={"Accept-Encoding": "identity"})
    packed = await client.get("/static/embed.js", headers={"Accept-Encoding": "gzip"})
    assert plain.text == packed.text == trimmed((STATIC / "embed.js").read_text("utf-8"))
    assert packed.headers["content-encoding"] == "gzip"
    assert int(packed.headers["content-length"]) == len(gzip.compress(plain.content, 9, mtime=0))
    assert plain.headers["vary"] == packed.headers["vary"] == "Accept-Encoding"
    assert plain.headers["etag"] != packed.headers["etag"]
    assert plain.headers["content-type"] == "text/javascript; charset=utf-8"
    known = {"Accept-Encoding": "gzip", "If-None-Match": packed.headers["etag"]}
    assert (await client.get("/static/embed.js", headers=known)).status_code == 304
    assert (await client.head("/static/embed.js")).content == b""


async def test_nothing_else_is_there(client: httpx2.AsyncClient) -> None:
    for path in ("", "nothing.js", "../app.py", "%2e%2e/app.py", "embed", "embed/"):
        assert (await client.get(f"/static/{path}")).status_code == 404, path
    assert (await client.post("/static/embed.js")).status_code == 405
    other = {"Origin": "https://anywhere.example"}
    answer = await client.get("/static/embed/form.js", headers=other)
    assert answer.headers["access-control-allow-origin"] == "https://anywhere.example"
    assert answer.headers["vary"] == "Accept-Encoding, Origin"


@pytest.mark.parametrize("path", SCRIPTS, ids=lambda path: path.name)
def test_scripts_have_no_literals_of_several_lines(path: Path) -> None:
    """Those would lose their indents with the rest."""
    for line in trimmed(path.read_text("utf-8")).splitlines():
        # Backticks in strings and regular expressions begin nothing.
        bare = re.sub(r'"(?:[^"\\]|\\.)*"|/(?:[^/\\ ]|\\.)+/', "", line)
        assert bare.count("`") % 2 == 0, line


def test_comments_are_taken_and_nothing_else() -> None:
    text = '/* of\n   two lines */\n  // one\n  const a = "/* no */"; // goes\n  * b {}\n'
    assert trimmed(text) == 'const a = "/* no */";\n* b {}\n'
    for stays in ('say(" // no");', "a = b; // it's", 'const u = "http://x";'):
        assert trimmed(stays) == stays
