"""The commands about who may moderate: accounts, and the tokens of scripts."""

from __future__ import annotations

import json
import sys
from typing import Any, get_args

import click

from comments_service.commands.base import run, say, settings_of, with_settings
from comments_service.core.permissions import OPERATOR, Role, Scope
from comments_service.core.records import timestamp
from comments_service.errors import ModeratorUnknown
from comments_service.operations import accounts, maintaining, second_factor, tokens
from comments_service.operations.accounts import Person
from comments_service.service import Service

_SITES = click.option(
    "--site",
    "slugs",
    multiple=True,
    help="Only on this site; may be repeated. Default: every site.",
)
_JSON = click.option("--json", "as_json", is_flag=True, help="Print JSON.")


@click.group()
def moderator() -> None:
    """Manage who may moderate."""


@moderator.command("add")
@click.argument("email")
@click.option(
    "--role",
    type=click.Choice(get_args(Role)),
    help="Default: owner for the first account, moderator for others; a known one keeps its own.",
)
@_SITES
@click.option("--password-stdin", is_flag=True, help="Read the password from standard input.")
@with_settings
def moderator_add(
    email: str, role: Role | None, slugs: tuple[str, ...], password_stdin: bool, **flags: Any
) -> None:
    """Make an account, or give a known one a new password."""
    if slugs and role is None:
        raise click.UsageError("Name a --role together with --site.")
    if password_stdin:
        password = sys.stdin.readline().rstrip("\r\n")
    else:
        password = click.prompt("Password", hide_input=True, confirmation_prompt=True, err=True)

    async def work(service: Service) -> tuple[str, str]:
        theirs = await accounts.sites_named(service, slugs)
        found = await accounts.add(service, email, password, role, theirs)
        return found.email, found.role

    stored, given = run(settings_of(flags), work)
    say(f"{stored} may sign in as {given}.")


@moderator.command("list")
@_JSON
@with_settings
def moderator_list(as_json: bool, **flags: Any) -> None:
    """List the accounts: address, role, sites, whether there is a second factor, last seen."""

    async def work(service: Service) -> tuple[list[Person], dict[int, str]]:
        sites = {site.site_id: site.slug for site in await maintaining.list_sites(service)}
        return await accounts.everybody(service, OPERATOR), sites

    people, sites = run(settings_of(flags), work)
    records = [_person(each, sites) for each in people]
    if as_json:
        click.echo(json.dumps(records))
        return
    for record in records:
        factor = "second factor" if record["second_factor"] else "password only"
        theirs = ",".join(record["sites"]) if record["sites"] is not None else "every site"
        row = [record["email"], record["role"], theirs, factor, record["seen_at"] or "-"]
        click.echo("\t".join(row))


def _person(person: Person, sites: dict[int, str]) -> dict[str, Any]:
    one = person.moderator
    return {
        "id": str(one.moderator_id),
        "email": one.email,
        "role": one.role,
        "sites": _slugs(one.on_sites, sites),
        "second_factor": bool(one.totp),
        "created_at": timestamp(one.created_at),
        "seen_at": timestamp(person.seen_at),
    }


def _slugs(theirs: frozenset[int] | None, sites: dict[int, str]) -> list[str] | None:
    return None if theirs is None else sorted(sites[number] for number in theirs)


@moderator.command("remove")
@click.argument("email")
@with_settings
def moderator_remove(email: str, **flags: Any) -> None:
    """Remove an account and end its sessions; what it did stays on record."""

    async def work(service: Service) -> None:
        await accounts.remove(service, OPERATOR, await _number(service, email))

    run(settings_of(flags), work)
    say("The account is removed.")


@moderator.command("reset-second-factor")
@click.argument("email")
@with_settings
def moderator_reset(email: str, **flags: Any) -> None:
    """Take the second factor of an account away, so that its password alone lets in."""

    async def work(service: Service) -> None:
        await second_factor.reset(service, OPERATOR, await _number(service, email))

    run(settings_of(flags), work)
    say("The second factor is gone: the password alone lets in now.")


async def _number(service: Service, email: str) -> int:
    wanted = accounts.checked_email(email)
    for each in await accounts.everybody(service, OPERATOR):
        if each.moderator.email == wanted:
            return each.moderator.moderator_id
    raise ModeratorUnknown


@click.group()
def token() -> None:
    """Manage the tokens of scripts."""


@token.command("create")
@click.option(
    "--scope",
    "scopes",
    type=click.Choice(get_args(Scope)),
    multiple=True,
    required=True,
    help="What it may do; may be repeated.",
)
@click.option("--name", default="token", show_default=True, help="What it is for.")
@_SITES
@click.option("--expires", "days", type=int, metavar="DAYS", help="Default: never.")
@with_settings
def token_create(
    scopes: tuple[str, ...], name: str, slugs: tuple[str, ...], days: int | None, **flags: Any
) -> None:
    """Print a new token: it is shown this once."""

    async def work(service: Service) -> str:
        theirs = await accounts.sites_named(service, slugs)
        _, secret = await tokens.create(
            service, OPERATOR, list(scopes), name=name, sites=theirs, days=days
        )
        return secret

    click.echo(run(settings_of(flags), work))


@token.command("list")
@_JSON
@with_settings
def token_list(as_json: bool, **flags: Any) -> None:
    """List the tokens: number, name, scopes, sites, last used, end. Their secrets are not kept."""

    async def work(service: Service) -> list[dict[str, Any]]:
        sites = {site.site_id: site.slug for site in await maintaining.list_sites(service)}
        return [
            {
                "id": str(each.token_id),
                "name": each.name,
                "scopes": list(each.scope_list),
                "sites": _slugs(each.on_sites, sites),
                "created_by": each.created_by,
                "created_at": timestamp(each.created_at),
                "used_at": timestamp(each.used_at),
                "expires_at": timestamp(each.expires_at),
            }
            for each in await tokens.every(service, OPERATOR)
        ]

    records = run(settings_of(flags), work)
    if as_json:
        click.echo(json.dumps(records))
        return
    for record in records:
        theirs = ",".join(record["sites"]) if record["sites"] is not None else "every site"
        used, end = record["used_at"] or "never used", record["expires_at"] or "no end"
        row = [record["id"], record["name"], ",".join(record["scopes"]), theirs, used, end]
        click.echo("\t".join(row))


@token.command("revoke")
@click.argument("which", metavar="ID|NAME")
@with_settings
def token_revoke(which: str, **flags: Any) -> None:
    """Let a token count no more, by its number, or by its name where only one has it."""

    async def work(service: Service) -> None:
        found = [
            each.token_id
            for each in await tokens.every(service, OPERATOR)
            if which in (str(each.token_id), each.name)
        ]
        if len(found) > 1:
            raise click.ClickException("Several tokens have this name: revoke by number.")
        await tokens.revoke(service, OPERATOR, found[0] if found else 0)

    run(settings_of(flags), work)
    say("The token is revoked.")
