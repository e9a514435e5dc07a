"""A browser that tells of all that text must not make it do."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from playwright.sync_api import Browser, BrowserContext, ConsoleMessage, Error, Page, Route

from tests.allowed import for_browser

_ORACLE = (Path(__file__).parent / "oracle.js").read_text("utf-8")
_QUIET = (
    "for (const name of ['alert', 'confirm', 'prompt']) window[name] = () => { pwned = name; };"
)
NOWHERE = "http://oracle.test"
EMPTY_PAGE = "<!doctype html><meta charset=utf-8><title>x</title><article><div></div></article>"


class Watch:
    """A context whose dialogs, requests, moves, windows, errors and marks are all written down.

    Requests are answered by the servers named, by /oracle and /barrier, and else by nobody.
    """

    def __init__(self, browser: Browser, *own: str, quiet: bool = False, **options: Any) -> None:
        self.seen: list[str] = []
        self._own = tuple(f"{origin}/" for origin in own)
        self.context: BrowserContext = browser.new_context(**options)
        self.context.set_default_timeout(30_000)
        self.context.add_init_script(f"({_ORACLE})({json.dumps(for_browser())})")
        if quiet:
            self.context.add_init_script(_QUIET)
        self.context.route(lambda url: not url.startswith(self._own), self._answer)
        self.page = self.context.new_page()
        self.context.on("page", self._opened)
        self.context.on("dialog", self._dialog)
        self.context.on("console", self._console)
        self.context.on("weberror", lambda error: self.seen.append(f"error {error.error}"))
        self.page.on("framenavigated", lambda frame: self._moved(frame.url))

    def _answer(self, route: Route) -> None:
        if route.request.url == f"{NOWHERE}/oracle":
            route.fulfill(body=EMPTY_PAGE, content_type="text/html")
            return
        if route.request.url != f"{NOWHERE}/barrier":
            self.seen.append(f"request {route.request.url} {_name(route)}")
        route.fulfill(status=204)  # which never replaces a page

    def _opened(self, page: Page) -> None:
        self.seen.append("window")
        page.close()  # what stands behind it would not be painted

    def _dialog(self, dialog: Any) -> None:
        self.seen.append(f"dialog {dialog.message}")
        dialog.dismiss()

    def _console(self, said: ConsoleMessage) -> None:
        if said.text.startswith("oracle: ") or "Content Security Policy" in said.text:
            self.seen.append(said.text)

    def _moved(self, url: str) -> None:
        if not url.startswith((*self._own, NOWHERE)):
            self.seen.append(f"moved {url}")

    def taken(self) -> list[str]:
        """Return what was seen, and forget it."""
        seen, self.seen = self.seen, []
        return seen

    def oracle(self, call: str, given: Any = None) -> Any:
        """Ask the oracle in the page."""
        return self.page.evaluate(f"given => oracle.{call}(given)", given)

    def close(self) -> None:
        self.context.close()


def _name(route: Route) -> str:
    """Return the name of the frame that asks; none where a window has just opened."""
    try:
        frame = route.request.frame
    except Error:
        return ""
    while frame.parent_frame and frame.parent_frame.parent_frame:
        frame = frame.parent_frame
    return frame.name


def empty_page(browser: Browser, *, quiet: bool = False) -> Watch:
    """Return a watched page that holds nothing and allows everything."""
    watch = Watch(browser, quiet=quiet)
    watch.page.goto(f"{NOWHERE}/oracle")
    return watch


__all__ = ["Page", "Watch", "empty_page"]
