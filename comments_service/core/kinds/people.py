"""Rules about who writes: e-mail address, name, network, what proves an author, and bans."""

from __future__ import annotations

from collections.abc import Callable
from ipaddress import IPv4Network, IPv6Network, ip_address, ip_network
from typing import Annotated, Literal

from pydantic import model_validator
from pydantic_core import PydanticCustomError

from comments_service.core.folding import folded, skeleton
from comments_service.core.kinds.base import (
    Facts,
    Field,
    Kind,
    Look,
    Match,
    Params,
    Ticked,
    lines,
    one,
    refused,
)
from comments_service.core.kinds.links import ascii_host, domain, to_domains, within
from comments_service.core.kinds.words import found_in, pattern
from comments_service.core.sentence import Note

Network = IPv4Network | IPv6Network


def _of_field(facts: Facts, name: Field, code: str, found: bool) -> tuple[Match, ...]:
    """Return a match of the whole of a field."""
    return (Match(code, ((0, len(getattr(facts, name))),), name),) if found else ()


def _email(text: str) -> str:
    local, _, host = text.rpartition("@")
    named = domain(host)
    return f"{folded(local).text}@{named}" if local else named


class Emails(Params):
    """E-mail addresses, or domains for all addresses there."""

    emails: Annotated[tuple[str, ...], lines(254, 1_000, _email)]


def _emails(params: Emails) -> Look:
    return by_email(frozenset(params.emails), "email_listed")


def by_email(listed: frozenset[str], code: str) -> Look:
    """Return what finds an author's e-mail address among some."""

    def look(facts: Facts) -> tuple[Match, ...]:
        local, _, host = facts.email.lower().rpartition("@")
        if not local:
            return ()
        found = f"{folded(local).text}@{ascii_host(host)}" in listed or within(host, listed)
        return _of_field(facts, "email", code, found)

    return look


class Names(Params):
    """Names that are kept for somebody, and whether those of moderators are; look-alikes are meant too."""

    names: tuple[str, ...] = ()
    moderators: Ticked = False

    @model_validator(mode="before")
    @classmethod
    def _some(cls, values: dict[str, object]) -> dict[str, object]:
        names = values.get("names") or ()
        if not names and values.get("moderators"):
            return {**values, "names": ()}
        checked = lines(64, 500).func(names)
        if any(not skeleton(name) for name in checked):
            raise refused("name_invalid", Note("Write names with letters or digits."))
        return {**values, "names": checked}


def _names(params: Names) -> Look:
    reserved = frozenset(map(skeleton, params.names))

    def look(facts: Facts) -> tuple[Match, ...]:
        shape = skeleton(facts.name)
        if shape and shape in reserved:
            return _of_field(facts, "name", "name_reserved", True)
        like = bool(shape) and params.moderators and shape in facts.moderators
        return _of_field(facts, "name", "name_alike", like)

    return look


def network(text: str) -> str:
    """Return a network from what somebody typed: CIDR, or an address; of IPv6 its /64.

    Raises PydanticCustomError.
    """
    try:
        found: Network = ip_network(text.strip(), strict=False)
    except ValueError:
        raise refused(
            "network_invalid", Note("Write a network as 192.0.2.0/24 or 2001:db8::/64.")
        ) from None
    if found.version == 6 and "/" not in text:
        found = ip_network(f"{found.network_address}/64", strict=False)
    return str(found)


class Networks(Params):
    """Networks in CIDR; a single address of IPv6 stands for its /64."""

    networks: Annotated[tuple[str, ...], lines(64, 1_000, network)]


def _networks(params: Networks) -> Look:
    return from_networks(params.networks, "network_listed")


def from_networks(texts: tuple[str, ...], code: str) -> Look:
    """Return what finds an author's address in some networks."""
    listed = [ip_network(text) for text in texts]

    def look(facts: Facts) -> tuple[Match, ...]:
        try:
            address = ip_address(facts.address)
        except ValueError:
            return ()
        mapped = getattr(address, "ipv4_mapped", None) or address
        return one(any(mapped in each for each in listed), code)

    return look


class Proven(Params):
    """Nothing to choose: an author is proven by the receipt of a comment that readers see."""


def _proven(_: Proven) -> Look:
    return lambda facts: one(facts.proven, "author_proven")


BANNED_BY = ("name", "email", "network", "domain", "pattern")


def _ban_name(text: str) -> str:
    if not skeleton(text):
        raise refused("name_invalid", Note("Write names with letters or digits."))
    return text


def _ban_pattern(text: str) -> str:
    pattern(text)
    return text


_MEND: dict[str, Callable[[str], str]] = {
    "name": _ban_name,
    "email": _email,
    "network": network,
    "domain": domain,
    "pattern": _ban_pattern,
}


class Ban(Params):
    """Who or what is banned: a name with its look-alikes, an address or domain, a network, a pattern."""

    by: Literal["name", "email", "network", "domain", "pattern"]
    value: str

    @model_validator(mode="before")
    @classmethod
    def _mended(cls, values: dict[str, object]) -> dict[str, object]:
        by, value = values.get("by"), values.get("value")
        if by not in _MEND:
            return values
        text = value if isinstance(value, str) and value.strip() else ""
        try:
            [kept] = lines(254, 1, _MEND[str(by)]).func(text)
        except PydanticCustomError as error:
            if error.type == "number_invalid":
                raise refused("missing", Note("Say what is banned, in one line.")) from None
            raise
        return {**values, "value": kept}


def _ban(params: Ban) -> Look:
    code, value = "banned", params.value
    if params.by == "name":
        shape = skeleton(value)
        return lambda facts: _of_field(facts, "name", code, skeleton(facts.name) == shape)
    if params.by == "email":
        return by_email(frozenset({value}), code)
    if params.by == "network":
        return from_networks((value,), code)
    if params.by == "domain":
        return to_domains(frozenset({value}), code)
    return _ban_text(value, code)


def _ban_text(value: str, code: str) -> Look:
    found = pattern(value)

    def spans(text: str) -> list[tuple[int, int]]:
        return [match.span() for match in found.finditer(text) if match.end() > match.start()]

    def look(facts: Facts) -> tuple[Match, ...]:
        marks = found_in(facts.body, [spans])
        return one(bool(marks), code, marks)

    return look


KINDS = {
    "emails": Kind(Emails, _emails),
    "names": Kind(Names, _names, frozenset({"moderators"})),
    "networks": Kind(Networks, _networks),
    "proven": Kind(Proven, _proven, tried=False),
    "ban": Kind(Ban, _ban),
}
