"""The lines that a page needs to show a thread, for what its owner chose."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from html import escape
from urllib.parse import quote, urlencode

from comments_service.core.characters import clean_line
from comments_service.core.draft import KEY
from comments_service.core.threads import normalised_key

CHOICES: Mapping[str, tuple[str, ...]] = {
    "order": ("newest",),
    "theme": ("light", "dark"),
    "math": ("host", "off"),
    "isolate": ("shadow",),
    "loading": ("eager",),
}
"""What an attribute may say; '' stands for none, which is what most pages want."""


@dataclass(frozen=True)
class Embed:
    """A thread as a page shows it; the thread is '' where each page's own path names it."""

    site: str
    thread: str = ""
    attributes: Mapping[str, str] = field(default_factory=dict)

    def code(self, base: str, word: str) -> str:
        """Return the HTML; `base` is the service's address, `word` what the link without scripts says."""
        listed = {"site": self.site, "thread": self.thread, **self.attributes}
        said = "".join(f' {name}="{escape(text)}"' for name, text in listed.items() if text)
        script = f'<script type="module" src="{escape(base)}/static/embed.js"></script>'
        if not self.thread:
            return f"{script}\n<comment-thread{said}></comment-thread>\n"
        link = f'  <a href="{escape(self._page(base))}">{escape(word)}</a>'
        return f"{script}\n<comment-thread{said}>\n{link}\n</comment-thread>\n"

    def _page(self, base: str) -> str:
        query = {"thread": self.thread} | (
            {"lang": self.attributes["lang"]} if self.attributes.get("lang") else {}
        )
        return f"{base}/sites/{self.site}/thread?{urlencode(query, quote_via=quote, safe='/')}"


def chosen(site: str, query: Mapping[str, str], languages: Iterable[str]) -> Embed:
    """Return the thread that a query describes; what can't be chosen is as if it were not there."""
    choices = {"lang": tuple(languages), **CHOICES}
    attributes = {name: query[name] for name, texts in choices.items() if query.get(name) in texts}
    return Embed(site, normalised_key(clean_line(query.get("thread", "")[:KEY])), attributes)
