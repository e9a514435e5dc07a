"""A real browser, real servers, and a page of another origin that embeds a thread."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
import threading
import urllib.request
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from mimetypes import guess_type
from pathlib import Path
from typing import Any
from urllib.parse import quote

import pytest
from playwright.sync_api import Browser, BrowserContext, ConsoleMessage, Page, sync_playwright

from tests.servers import ROOT, Server

CHROMIUM = os.environ.get("CHROMIUM") or "/usr/bin/chromium"
FLAGS = (
    "--no-sandbox --disable-gpu --disable-quic --no-first-run --disable-background-networking"
    " --disable-component-update --disable-sync"
)
PATIENCE = 10_000  # milliseconds
HOST_PAGE = """<!doctype html>
<html lang="en"><head><meta charset="utf-8"><title>A page of the blog</title>
<meta name="viewport" content="width=device-width, initial-scale=1">
<script type="module" src="{service}/static/embed.js"></script></head>
<body><main><h1>A page of the blog</h1>
<comment-thread site="blog">
<a href="{service}/sites/blog/thread?thread={path}">Comments</a>
</comment-thread>
</main></body></html>"""


class Host:
    """The blog: every path is a page with a thread, and its origin is registered.

    What is put into `pages`, by path, is served instead: its type, its policy and its text. Files come
    from `folders`, by prefix; what matches `moved` leads to another page, as old links of Typecho do.
    """

    def __init__(self) -> None:
        self.service = ""
        self.pages: dict[str, tuple[str, str, str]] = {}
        self.folders: dict[str, Path] = {}
        self.moved = re.compile(r"(/archives/\d+)/comment-page-(\d+)/?")
        host = self

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                path = self.path.split("?")[0]
                if moved := host.moved.fullmatch(path):
                    self.send_response(301)
                    self.send_header("Location", f"{moved[1]}?comment-page={moved[2]}")
                    self.end_headers()
                    return
                for prefix, folder in host.folders.items():
                    if path.startswith(f"{prefix}/"):
                        self.send_file(folder / path.removeprefix(f"{prefix}/"))
                        return
                usual = ("text/html", "", HOST_PAGE.format(service=host.service, path=path))
                kind, policy, text = host.pages.get(path, usual)
                body = text.encode()
                self.send_response(200 if path != "/favicon.ico" else 404)
                self.send_header("Content-Type", f"{kind}; charset=utf-8")
                self.send_header("Content-Security-Policy", policy)
                self.send_header("Content-Length", str(len(body)))
                self.end_headers()
                self.wfile.write(body)

            def send_file(self, file: Path) -> None:
                self.send_response(200 if file.is_file() else 404)
                self.send_header("Content-Type", guess_type(file.name)[0] or "text/plain")
                self.end_headers()
                self.wfile.write(file.read_bytes() if file.is_file() else b"")

            def log_message(self, *_: object) -> None:
                pass

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self.server.server_address[1]}"


class House:
    """One server with a site 'blog' whose pages live at another origin."""

    def __init__(self, folder: Path, **settings: str) -> None:
        self.host = Host()
        command = [sys.executable, "-m", "comments_service", "site", "add", "blog"]
        command += ["--origin", self.host.url, "--data-dir", str(folder)]
        subprocess.run(command, cwd=ROOT, check=True, capture_output=True)
        self.server = Server(folder, "--demo", **settings)
        self.host.service = self.url = self.server.url
        threading.Thread(target=self.host.server.serve_forever, daemon=True).start()
        self.server.start()

    def post(self, thread: str, body: str, name: str = "alice", **more: Any) -> str:
        """Post through the API as the host page would; return the comment's id."""
        values = {"thread": thread, "name": name, "body": body, **more}
        request = urllib.request.Request(
            f"{self.url}/api/v1/sites/blog/comments",
            json.dumps(values).encode(),
            {"Content-Type": "application/json", "Origin": self.host.url},
        )
        with urllib.request.urlopen(request, timeout=10) as answer:
            return str(json.load(answer)["comment"]["id"])

    def count(self, thread: str) -> int:
        """Return how many comments readers see."""
        address = f"{self.url}/api/v1/sites/blog/comments?thread={quote(thread)}"
        with urllib.request.urlopen(address, timeout=10) as answer:
            return int(json.load(answer)["thread"]["count"])

    def page_of(self, thread: str) -> str:
        """Return the address of a thread's own page."""
        return f"{self.url}/sites/blog/thread?thread={thread}"

    def stop(self) -> None:
        self.host.server.shutdown()
        self.host.server.server_close()
        self.server.stop()


@pytest.fixture(scope="session")
def browser() -> Iterator[Browser]:
    with sync_playwright() as playwright:
        opened = playwright.chromium.launch(executable_path=CHROMIUM, args=FLAGS.split())
        yield opened
        opened.close()


@pytest.fixture(scope="session")
def house(tmp_path_factory: pytest.TempPathFactory) -> Iterator[House]:
    """A house where everybody's comments appear at once."""
    opened = House(tmp_path_factory.mktemp("house"))
    yield opened
    opened.stop()


@pytest.fixture(scope="session")
def strict_house(tmp_path_factory: pytest.TempPathFactory) -> Iterator[House]:
    """A house where first comments wait."""
    opened = House(tmp_path_factory.mktemp("strict"), MODERATION="first-time")
    yield opened
    opened.stop()


Opener = Callable[..., Page]


@pytest.fixture
def visit(browser: Browser) -> Iterator[Opener]:
    """Open an address in a browser of its own; what its console complains of fails the test."""
    contexts: list[BrowserContext] = []
    faults: list[str] = []

    def complain(said: ConsoleMessage) -> None:
        if "Content Security Policy" in said.text:
            faults.append(said.text)

    def opened(address: str, *, scripts: bool = True, **options: Any) -> Page:
        context = browser.new_context(java_script_enabled=scripts, **options)
        context.set_default_timeout(PATIENCE)
        contexts.append(context)
        page = context.new_page()
        page.on("pageerror", lambda error: faults.append(str(error)))
        page.on("console", complain)
        page.goto(address)
        if scripts and "#" not in address:  # they come when the reader comes near
            page.locator("comment-thread").evaluate("it => it.scrollIntoView()")
        page.locator("section.comments #comments-title").wait_for()
        if scripts:  # what readers need later is there too
            page.locator(".comments-arrived").wait_for(state="attached")
        return page

    yield opened
    for context in contexts:
        context.close()
    assert not faults


@pytest.fixture
def thread(request: pytest.FixtureRequest) -> str:
    """A thread that no other test writes in."""
    name = "".join(letter if letter.isalnum() else "-" for letter in request.node.name)
    return f"/{name}"
