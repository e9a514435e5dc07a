"""Rules about where a comment leads: how many links it has, and to which domains."""

from __future__ import annotations

from typing import Annotated

from comments_service.core.kinds.base import (
    Facts,
    Kind,
    Look,
    Match,
    Params,
    lines,
    one,
    places,
    refused,
    whole,
)
from comments_service.core.links import host_of
from comments_service.core.marks import Span
from comments_service.core.sentence import Note


class Links(Params):
    """How many links are taken; a website counts as one."""

    most: Annotated[int, whole(0, 100)] = 3


def _links(params: Links) -> Look:
    def look(facts: Facts) -> tuple[Match, ...]:
        spans = tuple(span for link, host in facts.links for span in where(facts.body, link, host))
        return one(len(facts.links) > params.most, "too_many_links", tuple(sorted(set(spans))))

    return look


def where(body: str, link: str, host: str) -> tuple[Span, ...]:
    """Return where a link stands in the source: the address itself, or else its host."""
    return places(body, link) or places(body, host)


def domain(text: str) -> str:
    """Return a domain from what somebody typed: itself, an address, or '@domain'. Raises PydanticCustomError."""
    name = text.lower().removeprefix("@").removeprefix("*.").strip(".")
    name = host_of(name if "//" in name else f"https://{name}")
    name = ascii_host(name)
    if not name or " " in name:
        raise refused("domain_invalid", Note("Write a domain as example.org."))
    return name


def ascii_host(host: str) -> str:
    """Return a host as it is asked for on the network, so that both ways to write it are the same."""
    try:
        return host.encode("idna").decode()
    except UnicodeError:
        return host


def within(host: str, domains: frozenset[str]) -> bool:
    """Say whether a host is one of some domains, or below one."""
    labels = ascii_host(host).split(".")
    return any(".".join(labels[at:]) in domains for at in range(len(labels)))


class Domains(Params):
    """Domains; what is below one is meant too."""

    domains: Annotated[tuple[str, ...], lines(253, 1_000, domain)]


def _domains(params: Domains) -> Look:
    return to_domains(frozenset(params.domains), "domain_listed")


def to_domains(listed: frozenset[str], code: str) -> Look:
    """Return what finds links to some domains."""

    def look(facts: Facts) -> tuple[Match, ...]:
        found = [(link, host) for link, host in facts.links if within(host, listed)]
        spans = {span for link, host in found for span in where(facts.body, link, host)}
        return one(bool(found), code, tuple(sorted(spans)))

    return look


KINDS = {"links": Kind(Links, _links), "domains": Kind(Domains, _domains)}
