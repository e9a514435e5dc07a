"""Sentences for people: in English, but made so that a catalogue can say them in another language."""

from __future__ import annotations

from collections.abc import Mapping


class Sentence(str):
    """An English sentence that remembers its template, with %(name)s for each value.

    The catalogues are made of the templates: write each as one literal.
    """

    __slots__ = ("template", "values")

    template: str
    values: Mapping[str, object]

    def __new__(cls, template: str, /, **values: object) -> Sentence:
        """Return the sentence, with whole numbers as English writes them."""
        shown = {name: _english(value) for name, value in values.items()}
        made = super().__new__(cls, template % shown if values else template)
        made.template, made.values = template, values
        return made

    def filled(self, **values: object) -> Sentence:
        """Return the sentence with its values, where it was written without."""
        return Sentence(self.template, **values)


def _english(value: object) -> object:
    return f"{value:,}" if isinstance(value, int) else value


class Note(Sentence):
    """A sentence that only moderators meet: it stands in the dashboard's catalogues, which are fewer."""

    __slots__ = ()
