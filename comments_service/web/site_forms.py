"""The settings of a site as a form: a field for each of core.policy, and back again."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from types import NoneType
from typing import Any, Literal, get_args, get_origin

from pydantic.fields import FieldInfo

from comments_service.core.characters import clean_line
from comments_service.core.policy import Policy
from comments_service.core.sentence import Note
from comments_service.errors import BadFields, FieldError
from comments_service.web import site_words
from comments_service.web.dashboard_pages import Fields
from comments_service.web.intake import parsed

Kind = Literal["switch", "choice", "number", "secret", "text"]
_LONGEST = 2_000  # of a text that has no bound of its own


@dataclass(frozen=True)
class Input:
    """One field of the form; of a secret `value` says only whether there is one."""

    name: str
    kind: Kind
    label: str
    means: str
    value: str
    choices: Mapping[str, str]
    least: int | None = None
    most: int | None = None  # of a number; of a text: its length


def inputs(policy: Policy, typed: Fields | None = None) -> list[Input]:
    """Return the fields of the form, with what is stored or, where it was sent, what was typed."""
    return [
        _input(name, field, _value(name, field, policy, typed))
        for name, field in Policy.model_fields.items()
    ]


def policy_of(form: Fields, before: Policy) -> Policy:
    """Return the settings that a form says; a secret that is left empty stays. Raises BadFields."""
    values, wrong = dict[str, Any](), list[FieldError]()
    for name, field in Policy.model_fields.items():
        try:
            values[name] = _given(name, field, form, before)
        except BadFields as error:
            wrong += error.errors
    try:
        made = parsed(Policy, values)
    except BadFields as error:
        known = {item.field for item in wrong}
        wrong += [item for item in error.errors if item.field not in known]
    if wrong:
        raise BadFields(*wrong)
    return made


def kind_of(name: str, field: FieldInfo) -> Kind:
    """Return how a setting is asked for."""
    if name in Policy.secrets():
        return "secret"
    kinds = _kinds(field)
    if bool in kinds:
        return "switch"
    if int in kinds:
        return "number"
    return "choice" if _choices(field) else "text"


def _kinds(field: FieldInfo) -> set[Any]:
    given = field.annotation
    return {given} if get_origin(given) is None else set(get_args(given))


def _choices(field: FieldInfo) -> list[str]:
    """Return what can be chosen; '' stands for None."""
    given, kinds = field.annotation, _kinds(field)
    if get_origin(given) is Literal:
        return list(get_args(given))
    listed = [text for kind in kinds if get_origin(kind) is Literal for text in get_args(kind)]
    return ["", *listed] if listed and NoneType in kinds else listed


def _bound(field: FieldInfo, name: str) -> int | None:
    return next((getattr(each, name) for each in field.metadata if hasattr(each, name)), None)


def _input(name: str, field: FieldInfo, value: str) -> Input:
    kind = kind_of(name, field)
    words = site_words.CHOICE.get(name, {})
    return Input(
        name,
        kind,
        site_words.LABEL.get(name) or name,
        site_words.MEANS.get(name) or field.description or "",
        value,
        {choice: words.get(choice) or choice for choice in _choices(field)},
        _bound(field, "ge"),
        _bound(field, "le") if kind == "number" else _bound(field, "max_length") or _LONGEST,
    )


def _value(name: str, field: FieldInfo, policy: Policy, typed: Fields | None) -> str:
    kind, stored = kind_of(name, field), getattr(policy, name)
    if kind == "secret":  # never shown, not even what was typed
        return "set" if stored else ""
    if typed is not None:
        return typed.get(name, "")
    if kind == "switch":
        return "1" if stored else ""
    return "" if stored is None else str(stored)


def _given(name: str, field: FieldInfo, form: Fields, before: Policy) -> Any:
    """Return what a form says of one setting. Raises BadFields."""
    text, kind = clean_line(form.get(name, "")), kind_of(name, field)
    if kind == "switch":
        return bool(text)
    if kind == "secret":
        return "" if form.get(f"{name}-none") else text or getattr(before, name)
    if kind == "number":
        return _number(name, field, text)
    if kind == "choice" and text not in _choices(field):
        raise BadFields(FieldError(name, "choice_invalid", Note("Choose one of the list.")))
    return None if not text and NoneType in _kinds(field) else text


def _number(name: str, field: FieldInfo, text: str) -> int | None:
    least, most = _bound(field, "ge") or 0, _bound(field, "le") or 10**9
    if not text and NoneType in _kinds(field):
        return None
    if text.isascii() and text.isdigit() and len(text) < 19 and least <= int(text) <= most:
        return int(text)
    sentence = Note("Type a whole number from %(least)s to %(most)s.", least=least, most=most)
    raise BadFields(FieldError(name, "number_invalid", sentence))
