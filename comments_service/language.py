"""The languages that people can use the service in: words from the catalogues, dates and numbers.

A catalogue is `locales/LANGUAGE/LC_MESSAGES/comments.po`, read as it is: nothing has to be compiled.
English needs none, for it is what the templates and sentences are written in.
"""

from __future__ import annotations

import io
from dataclasses import dataclass, field
from datetime import UTC, datetime
from functools import lru_cache
from importlib import resources
from typing import Any

from babel import Locale, dates, numbers
from babel.messages import mofile, pofile
from babel.support import NullTranslations, Translations
from jinja2 import Environment

from comments_service.core.sentence import Sentence

LANGUAGES = ("en", "zh-Hans", "zh-Hant", "ja", "de", "fr", "es", "ar")
"""What people can choose, as BCP 47 tags; the first is for those who ask for none of them."""
OF_THE_DASHBOARD = ("en", "zh-Hans")
"""What moderators can choose; a catalogue `dashboard.po` beside the other one makes it more."""
_PUBLIC, _DASHBOARD = "comments", "dashboard"
_TRADITIONAL = {"hant", "tw", "hk", "mo"}
_HEADER = 200  # characters of a tag or of Accept-Language that are read
_KEPT = 1_024


@dataclass(frozen=True)
class Language:
    """One language: its words, the direction it is written in, how it writes dates and numbers."""

    code: str  # BCP 47
    words: NullTranslations = field(repr=False)

    @property
    def locale(self) -> Locale:
        """Return what Babel knows of it."""
        return _locale(self.code)

    @property
    def direction(self) -> str:
        """Return 'ltr' or 'rtl'."""
        return self.locale.text_direction

    @property
    def name(self) -> str:
        """Return what its speakers call it."""
        name = self.locale.get_display_name() or self.code
        return name[:1].upper() + name[1:]

    def gettext(self, message: str) -> str:
        """Return a message in this language, with its placeholders."""
        return self.words.gettext(message)

    def ngettext(self, one: str, many: str, number: int) -> str:
        """Return the form of a message that goes with a number, with its placeholders."""
        return self.words.ngettext(one, many, number)

    def say(self, sentence: str) -> str:
        """Return a sentence in this language; what is no Sentence stays as it is."""
        if not isinstance(sentence, Sentence):
            return sentence
        message = self.words.gettext(sentence.template)
        shown = {name: self._value(value) for name, value in sentence.values.items()}
        return message % shown if shown else message

    def _value(self, value: object) -> object:
        if isinstance(value, int):
            return self.number(value)
        # What was typed keeps its own order within words that run the other way.
        return f"\u2068{value}\u2069" if self.direction == "rtl" else value

    def number(self, value: int) -> str:
        """Return a whole number as it is written, in the digits of floors and formulas."""
        return numbers.format_decimal(value, locale=self.locale)

    def day(self, moment: datetime | str | int) -> str:
        """Return the date, in UTC, of a moment: RFC 3339, or microseconds since 1970."""
        return _day(self.code, _utc(moment).toordinal())

    def moment(self, moment: datetime | str | int) -> str:
        """Return date and time to the minute, in UTC; see `day` for what `moment` may be."""
        when = _utc(moment)
        # Not format_datetime: a page has hundreds, and only their dates take long.
        both = str(self.locale.datetime_formats["medium"])
        time = f"{when:%H:%M} UTC"
        return both.replace("{1}", self.day(when)).replace("{0}", time).replace("'", "")

    def duration(self, seconds: float, least: float = 2) -> str:
        """Return a length of time in the largest unit of which it has so many: 95 minutes, 3 hours."""
        whole = max(1, round(seconds))
        return dates.format_timedelta(whole, threshold=least, format="short", locale=self.locale)

    def percent(self, share: float) -> str:
        """Return a share from 0 to 1 in hundredths; small ones with a digit more."""
        pattern = "#,##0.#%" if share < 0.1 else "#,##0%"
        return numbers.format_percent(share, pattern, locale=self.locale)

    def teach(self, environment: Environment) -> Environment:
        """Give an environment of Jinja this language: `{% trans %}`, `_()`, and the filters."""
        environment.add_extension("jinja2.ext.i18n")
        environment.policies["ext.i18n.trimmed"] = True
        environment.install_gettext_callables(  # type: ignore[attr-defined]  # the extension's
            self.gettext,
            self.ngettext,
            newstyle=True,
            pgettext=self.words.pgettext,
            npgettext=self.words.npgettext,
        )
        environment.globals["language"] = self
        filters: dict[str, Any] = {
            "day": self.day,
            "duration": self.duration,
            "moment": self.moment,
            "number": self.number,
            "percent": self.percent,
            "say": self.say,
        }
        environment.filters |= filters
        return environment


def _utc(moment: datetime | str | int) -> datetime:
    if isinstance(moment, int):
        return datetime.fromtimestamp(moment / 1e6, UTC)
    return datetime.fromisoformat(moment) if isinstance(moment, str) else moment


@lru_cache(maxsize=_KEPT)
def _day(code: str, ordinal: int) -> str:
    return dates.format_date(datetime.fromordinal(ordinal), "medium", _locale(code))


@lru_cache
def _locale(code: str) -> Locale:
    return Locale.parse(code, sep="-")


@lru_cache
def language(code: str) -> Language:
    """Return one of LANGUAGES."""
    assert code in LANGUAGES
    return Language(code, _words(code, _PUBLIC))


@lru_cache
def of_the_dashboard(code: str) -> Language:
    """Return one of OF_THE_DASHBOARD, with the words of both catalogues."""
    assert code in OF_THE_DASHBOARD
    words = _words(code, _DASHBOARD)
    words.add_fallback(_words(code, _PUBLIC))
    return Language(code, words)


def _words(code: str, domain: str) -> NullTranslations:
    if code == LANGUAGES[0]:
        return NullTranslations()
    folder = resources.files("comments_service") / "locales" / code.replace("-", "_")
    text = (folder / "LC_MESSAGES" / f"{domain}.po").read_bytes()
    catalogue, compiled = pofile.read_po(io.BytesIO(text), code.replace("-", "_")), io.BytesIO()
    mofile.write_mo(compiled, catalogue)
    compiled.seek(0)
    return Translations(compiled, domain)


def chosen(wished: str = "", accepted: str = "") -> Language:
    """Return the language of a tag, or else the one that Accept-Language likes best, or else English."""
    return _chosen(wished[:_HEADER], accepted[:_HEADER])


@lru_cache(maxsize=_KEPT)
def _chosen(wished: str, accepted: str) -> Language:
    tags = (wished, *_by_liking(accepted))
    return language(next(filter(None, map(known, tags)), LANGUAGES[0]))


def chosen_for_the_dashboard(wished: str, accepted: str) -> Language:
    """Return the language of a tag, or of Accept-Language, that the dashboard has, or else English."""
    tags = map(known, (wished[:_HEADER], *_by_liking(accepted[:_HEADER])))
    return of_the_dashboard(
        next((tag for tag in tags if tag in OF_THE_DASHBOARD), OF_THE_DASHBOARD[0])
    )


def known(tag: str) -> str | None:
    """Return the language of ours that a tag such as 'zh-TW' means."""
    first, *rest = tag.strip().replace("_", "-").lower().split("-")
    if first == "zh":
        return "zh-Hant" if _TRADITIONAL & set(rest) and "hans" not in rest else "zh-Hans"
    return first if first in LANGUAGES else None


def _by_liking(accepted: str) -> list[str]:
    """Return the tags of an Accept-Language header, the best liked first."""
    found = []
    for item in accepted.split(","):
        tag, _, quality = item.partition(";q=")
        try:
            liking = float(quality or 1)
        except ValueError:
            continue
        found.append((-liking, tag))
    return [tag for liking, tag in sorted(found, key=lambda item: item[0]) if liking < 0]
