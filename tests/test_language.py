"""The catalogues are whole, and everybody gets the language they ask for."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest
from babel.messages import Catalog, Message, pofile
from babel.messages.frontend import CommandLineInterface

from comments_service.core.sentence import Sentence
from comments_service.language import LANGUAGES, OF_THE_DASHBOARD, chosen, language

ROOT = Path(__file__).parents[1]
LOCALES = ROOT / "comments_service" / "locales"
EMBED = ROOT / "comments_service" / "static" / "embed.js"
MOMENT = "2026-11-06T21:31:05.120Z"
TRANSLATED = LANGUAGES[1:]


CATALOGUES = pytest.mark.parametrize(
    ("code", "domain"),
    [(code, "comments") for code in TRANSLATED]
    + [(code, "dashboard") for code in OF_THE_DASHBOARD[1:]],
)
MAPPINGS = {
    "comments": f"-F {ROOT}/pyproject.toml -k Sentence",
    "dashboard": f"-F {LOCALES}/dashboard.cfg -k Note",
}


@pytest.fixture(scope="module")
def wanted(tmp_path_factory: pytest.TempPathFactory) -> dict[str, list[Message]]:
    """Every message of the code by catalogue, as `make words` finds them."""
    found = {}
    for domain, mapping in MAPPINGS.items():
        path = tmp_path_factory.mktemp("words") / f"{domain}.pot"
        command = f"pybabel -q extract {mapping} -o {path}"
        CommandLineInterface().run([*command.split(), str(ROOT / "comments_service")])
        found[domain] = [message for message in pofile.read_po(path.open("rb")) if message.id]
    return found


def catalogue(code: str, domain: str = "comments") -> Catalog:
    path = LOCALES / code.replace("-", "_") / "LC_MESSAGES" / f"{domain}.po"
    return pofile.read_po(path.open("rb"), code.replace("-", "_"))


def forms(text: object) -> tuple[str, ...]:
    return text if isinstance(text, tuple | list) else (str(text),)  # type: ignore[return-value]


def placeholders(text: str) -> set[str]:
    return set(re.findall(r"%\(\w+\)s", text))


@CATALOGUES
def test_every_message_is_translated_with_its_placeholders(
    code: str, domain: str, wanted: dict[str, list[Message]]
) -> None:
    words = catalogue(code, domain)
    assert len(wanted[domain]) > 100
    for message in wanted[domain]:
        found = words.get(message.id, message.context)  # type: ignore[arg-type]
        assert found is not None, f"{message.id} is missing: make words"
        assert not found.fuzzy
        assert not list(found.check(words)), message.id
        assert len(forms(found.string)) == (words.num_plurals if message.pluralizable else 1)
        for text in forms(found.string):
            assert text.strip(), f"{message.id} is not translated"
            assert placeholders(text) == placeholders(forms(message.id)[0]), message.id
            assert text.endswith((".", "。")) == forms(message.id)[0].endswith("."), text


@CATALOGUES
def test_no_catalogue_holds_what_nobody_says(
    code: str, domain: str, wanted: dict[str, list[Message]]
) -> None:
    said = {(message.id, message.context) for message in wanted[domain]}
    kept = {(message.id, message.context) for message in catalogue(code, domain) if message.id}
    assert kept == said, "make words"


def test_what_the_script_says_before_the_service_does_is_in_the_catalogues() -> None:
    rows = dict(
        re.findall(r'^  "?([\w-]+)"?: (\[".*"\]),$', EMBED.read_text("utf-8"), re.MULTILINE)
    )
    english = json.loads(rows["en"])
    assert list(rows) == list(LANGUAGES)
    for code, row in rows.items():
        assert json.loads(row) == [language(code).gettext(message) for message in english]


@pytest.mark.parametrize(
    ("wished", "accepted", "code"),
    [
        ("", "", "en"),
        ("de", "fr", "de"),
        ("de-AT", "", "de"),
        ("zh", "", "zh-Hans"),
        ("zh-CN", "", "zh-Hans"),
        ("zh_TW", "", "zh-Hant"),
        ("zh-Hans-HK", "", "zh-Hans"),
        ("zh-Hant-CN", "", "zh-Hant"),
        ("ZH-hk", "", "zh-Hant"),
        ("tlh", "ja", "ja"),
        ("", "pt-BR, es;q=0.5, fr;q=0.9", "fr"),
        ("", "de;q=0, ar", "ar"),
        ("", "*, nonsense;q=x, ;q=, de;q=0.1", "de"),
        ("", "en-GB,en;q=0.9,de;q=0.8", "en"),
        ("\N{SNOWMAN}" * 300, "\0" * 300, "en"),
    ],
)
def test_everybody_gets_what_they_ask_for(wished: str, accepted: str, code: str) -> None:
    assert chosen(wished, accepted).code == code


def test_dates_and_numbers_are_written_as_each_language_does() -> None:
    assert language("en").moment(MOMENT) == "Nov 6, 2026, 21:31 UTC"
    assert language("de").moment(MOMENT) == "06.11.2026, 21:31 UTC"
    assert language("zh-Hans").moment(MOMENT) == "2026年11月6日 21:31 UTC"
    assert language("ja").day(1_794_000_665_120_000) == "2026/11/06"
    assert [language(code).number(12_345) for code in ("en", "de", "ar")] == [
        "12,345",
        "12.345",
        "12,345",
    ]


def test_sentences_keep_their_values() -> None:
    sentence = Sentence(
        "Shorten this to %(limit)s characters; it has %(length)s.", limit=10_000, length=12_345
    )
    assert sentence == "Shorten this to 10,000 characters; it has 12,345."
    assert language("de").say(sentence) == "Bitte auf 10.000 Zeichen kürzen; es sind 12.345."
    assert language("de").say("not ours") == "not ours"


def test_plural_forms_follow_the_number() -> None:
    arabic = language("ar")
    found = [arabic.ngettext("%(number)s comment", "%(number)s comments", n) for n in (1, 2, 3, 11)]
    assert len(set(found)) == 4
    assert [language(code).direction for code in LANGUAGES] == ["ltr"] * 7 + ["rtl"]
