"""The programs of docs/feeds.md, run as they stand there against a real server."""

from __future__ import annotations

import re
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import httpx2
import pytest

from tests.servers import ROOT, Server

FEEDS = (ROOT / "docs" / "feeds.md").read_text("utf-8")


def program(language: str, holding: str) -> str:
    """Return the first block of a language that holds some words."""
    blocks = re.findall(rf"```{language}\n(.*?)```", FEEDS, re.DOTALL)
    return next(block for block in blocks if holding in block)


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    with Server(tmp_path_factory.mktemp("pollers")) as running:
        yield running


def at(server: Server, text: str) -> str:
    return text.replace("http://127.0.0.1:8000", server.url).replace(
        "/sites/demo", "/sites/default"
    )


@pytest.mark.parametrize("language", ["python", "sh"])
def test_a_poller_of_ten_lines_hears_of_everything(
    server: Server, tmp_path: Path, language: str
) -> None:
    if language == "sh" and not shutil.which("curl"):
        pytest.skip("needs curl")
    text = at(server, program(language, "while"))
    assert len([line for line in text.splitlines() if line]) <= 10
    path = tmp_path / "poller"
    path.write_text(text, "utf-8")
    interpreter = sys.executable if language == "python" else "sh"
    with subprocess.Popen([interpreter, str(path)], stdout=subprocess.PIPE, text=True) as poller:
        assert poller.stdout is not None
        lines = iter(poller.stdout.readline, "")
        api, words = f"{server.url}/api/v1/sites/default/comments", f"says {language}: $x<1$"
        try:
            made = httpx2.post(api, json={"thread": "/post", "name": "alice", "body": words}).json()
            number = made["comment"]["id"]
            told = next(line for line in lines if number in line and "published" in line)
            assert made["comment"]["excerpt"] in told
            own = {"Authorization": f"Receipt {made['receipt']}"}
            assert httpx2.delete(f"{api}/{number}", headers=own).status_code == 204
            told = next(line for line in lines if number in line and "removed" in line)
            assert words not in told
        finally:
            poller.kill()


def test_a_list_is_fetched_again_only_when_it_is_new(server: Server, tmp_path: Path) -> None:
    if not shutil.which("curl"):
        pytest.skip("needs curl")
    text = at(server, program("sh", "etag")).replace("curl -s", "curl -s -w '%{http_code}\\n'")
    api = f"{server.url}/api/v1/sites/default/comments"
    codes = []
    for number in range(2):
        draft = {"thread": "/list", "name": "bob", "body": f"news {number}"}
        assert httpx2.post(api, json=draft).status_code == 201
        for _ in range(2):
            done = subprocess.run(
                ["sh", "-c", text], cwd=tmp_path, capture_output=True, text=True, check=True
            )
            codes.append(done.stdout.strip())
            assert f"news {number}" in (tmp_path / "recent.json").read_text("utf-8")
    assert codes == ["200", "304", "200", "304"]
