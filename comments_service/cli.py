"""The commands. Talk goes to stderr, data to stdout; exit codes: 0, 1 it failed, 2 wrong use."""

from __future__ import annotations

import asyncio
import json
import logging
import sys
from collections.abc import Awaitable, Callable
from dataclasses import asdict
from pathlib import Path
from typing import Any, TypeVar

import click

from comments_service import app as wiring
from comments_service import demo, server
from comments_service.errors import BadFields, DatabaseUnusable, ImportImpossible, Refused
from comments_service.operations import entering, importing, logbook, maintaining, rendering, voting
from comments_service.service import Service
from comments_service.settings import Settings, SettingsInvalid, load

T = TypeVar("T")
Command = Callable[..., Any]


def _say(text: str) -> None:
    click.echo(text, err=True)


def _with_settings(command: Command) -> Command:
    """Give a command a flag for each setting, and --config for a TOML file."""
    for name, field in reversed(Settings.model_fields.items()):
        flag = "--" + name.replace("_", "-")
        command = click.option(flag, name, default=None, help=field.description)(command)
    path = click.Path(exists=True, dir_okay=False, path_type=Path)
    return click.option("--config", type=path, help="A TOML file of settings.")(command)


def _settings(flags: dict[str, Any]) -> Settings:
    config = flags.pop("config", None)
    names = {name: flags.pop(name) for name in list(flags) if name in Settings.model_fields}
    try:
        return load(config, **names)
    except SettingsInvalid as error:
        raise click.UsageError(str(error)) from None


def _run(settings: Settings, work: Callable[[Service], Awaitable[T]]) -> T:
    """Open the service, do the work, close it; what goes wrong becomes a sentence and exit code 1."""

    async def main() -> T:
        async with wiring.opened(settings) as service:
            return await work(service)

    import uvloop

    try:
        with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
            return runner.run(main())
    except BadFields as error:
        sentences = [f"{item.field}: {item.message}" for item in error.errors]
        raise click.ClickException("\n".join(sentences)) from None
    except (DatabaseUnusable, ImportImpossible, Refused, OSError) as error:
        raise click.ClickException(str(error)) from None


@click.group(context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(package_name="comments-service")
def main() -> None:
    """The comment service for pages where people talk mathematics."""


@main.command()
@click.option(
    "--demo", "with_demo", is_flag=True, help="Show a demo page with imported comments at /."
)
@_with_settings
def serve(with_demo: bool, **flags: Any) -> None:
    """Serve until interrupted."""
    settings = _settings(flags)
    level = settings.log_level.upper()
    logging.basicConfig(
        stream=sys.stderr, level=level, format="%(levelname)s %(name)s: %(message)s"
    )

    async def run(service: Service) -> None:
        if with_demo:
            await demo.fill(service)
        with server.listen(settings) as listener:
            await _greet(service, with_demo)
            app = wiring.build(service, demo=with_demo)
            await server.make(app, settings, service.news.close).serve([listener])
        _say("Stopped.")

    _run(settings, run)


async def _greet(service: Service, with_demo: bool) -> None:
    base = service.settings.public_url
    site = demo.SITE if with_demo else wiring.DEFAULT_SITE
    _say(f"Serving {base}/" + ("  (demo page)" if with_demo else ""))
    invitation = await entering.invite_first(service)
    if invitation:
        _say(
            f"First moderator: {base}/dashboard/setup?invitation={invitation}  (works once, for a day)"
        )
    _say("To embed, put this on your page:")
    _say(f'  <script type="module" src="{base}/static/embed.js"></script>')
    _say(f'  <comment-thread site="{site}" thread="/path/of/the/page"></comment-thread>')


@main.command()
@_with_settings
def init(**flags: Any) -> None:
    """Create the database and the site 'default', or say that they are there."""
    settings = _settings(flags)
    _run(settings, maintaining.list_sites)
    _say("The database is ready.")


@main.command()
@_with_settings
def migrate(**flags: Any) -> None:
    """Lead an older database to the version of this program."""
    _run(_settings(flags), maintaining.list_sites)
    _say("The database is up to date.")


@main.group()
def site() -> None:
    """Make and list sites."""


@site.command("add")
@click.argument("slug")
@click.option(
    "--origin", "origins", multiple=True, help="Where its pages live: https://blog.example."
)
@_with_settings
def site_add(slug: str, origins: tuple[str, ...], **flags: Any) -> None:
    """Make a site, or register more origins of one."""
    found = _run(
        _settings(flags), lambda service: maintaining.add_site(service, slug, list(origins))
    )
    _say(f"Site {found.slug}: {', '.join(found.origins) or 'no origin registered yet'}.")


@site.command("list")
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
@_with_settings
def site_list(as_json: bool, **flags: Any) -> None:
    """List the sites with their origins."""
    found = _run(_settings(flags), maintaining.list_sites)
    if as_json:
        click.echo(
            json.dumps([{"slug": item.slug, "origins": list(item.origins)} for item in found])
        )
        return
    for item in found:
        click.echo("\t".join([item.slug, *item.origins]))


@main.group()
def moderator() -> None:
    """Manage who may moderate."""


@moderator.command("add")
@click.argument("email")
@click.option("--password-stdin", is_flag=True, help="Read the password from standard input.")
@_with_settings
def moderator_add(email: str, password_stdin: bool, **flags: Any) -> None:
    """Make a moderator, or give a known one a new password."""
    if password_stdin:
        password = sys.stdin.readline().rstrip("\r\n")
    else:
        password = click.prompt("Password", hide_input=True, confirmation_prompt=True, err=True)
    found = _run(_settings(flags), lambda service: entering.add_moderator(service, email, password))
    _say(f"{found.email} may moderate.")


@main.group()
def token() -> None:
    """Make tokens for scripts."""


@token.command("create")
@click.option("--scope", type=click.Choice(["moderate"]), required=True)
@_with_settings
def token_create(scope: str, **flags: Any) -> None:
    """Print a new token: it is shown this once."""
    click.echo(_run(_settings(flags), lambda service: entering.create_token(service, scope)))


@main.group("log")
def log_() -> None:
    """Look at the log of what was done."""


@log_.command("verify")
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
@_with_settings
def log_verify(as_json: bool, **flags: Any) -> None:
    """Hold every row of the log against its hash; the first changed or missing one is named."""
    found = _run(_settings(flags), logbook.verify)
    if as_json:
        click.echo(json.dumps(asdict(found)))
    if found.wrong is not None:
        raise click.ClickException(f"Row {found.wrong} is not as it was written: {found.fault}.")
    older = f", and {found.unsealed} older ones that have no hash" if found.unsealed else ""
    _say(f"The log is whole: {found.rows} rows{older}. Its end is {found.head or 'empty'}.")


@main.command("import")
@click.argument("kind", metavar="FORMAT", type=click.Choice(["typecho"]))
@click.argument("file", type=click.Path(exists=True, dir_okay=False, path_type=Path))
@click.option("--site", "slug", required=True, help="The site to import into; made if it is new.")
@click.option("--dry-run", is_flag=True, help="Read and report, store nothing.")
@_with_settings
def import_(kind: str, file: Path, slug: str, dry_run: bool, **flags: Any) -> None:
    """Import the comments of another system; what is there already is left alone."""
    from comments_service.importers import typecho

    async def work(service: Service) -> None:
        report = await importing.import_comments(service, slug, typecho.read(file), dry_run=dry_run)
        for line in report.lines():
            _say(line)

    _run(_settings(flags), work)


@main.command()
@_with_settings
def recount(**flags: Any) -> None:
    """Count the votes of every comment again, and mend the figures that are wrong."""
    wrong = _run(_settings(flags), voting.recount)
    _say(f"{wrong} figures were wrong and are right now." if wrong else "Every figure is right.")


@main.command("render-again")
@click.option("--site", "slug", help="Render the comments of this site only.")
@_with_settings
def render_again(slug: str | None, **flags: Any) -> None:
    """Renew what an older renderer made of the comments; stopped, it goes on when run again."""

    async def work(service: Service) -> rendering.Report:
        stale = await rendering.count_stale(service, slug)
        hidden = not (stale and sys.stderr.isatty())
        with click.progressbar(
            length=stale, label="Rendering", show_pos=True, hidden=hidden, file=sys.stderr
        ) as bar:
            return await rendering.render_again(service, slug, bar.update)

    try:
        report = _run(_settings(flags), work)
    except KeyboardInterrupt:
        raise click.ClickException("Interrupted. Run it again to go on from there.") from None
    _say(f"{report.comments} comments rendered again, {report.different} of them look different.")
