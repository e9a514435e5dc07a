"""The commands. Talk goes to stderr, data to stdout; exit codes: 0, 1 it failed, 2 wrong use."""

from __future__ import annotations

import json
from dataclasses import asdict
from pathlib import Path
from typing import Any

import click

from comments_service import app as wiring
from comments_service import demo, server
from comments_service.commands import people
from comments_service.commands.base import bar, run, say, settings_of, with_settings
from comments_service.commands.export import export
from comments_service.operations import (
    importing,
    inviting,
    logbook,
    maintaining,
    rendering,
    voting,
)
from comments_service.service import Service

SHORT_KEY = 16
"""Characters below which a chosen secret key may be guessed."""


@click.group(context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(package_name="comments-service")
def main() -> None:
    """The comment service for pages where people talk mathematics."""


main.add_command(people.moderator)
main.add_command(people.token)
main.add_command(export)


@main.command()
@click.option(
    "--demo", "with_demo", is_flag=True, help="Show a demo page with imported comments at /."
)
@with_settings
def serve(with_demo: bool, **flags: Any) -> None:
    """Serve until interrupted."""
    settings = settings_of(flags)
    server.log_to_stderr(settings)

    async def work(service: Service) -> None:
        if with_demo:
            await demo.fill(service)
        with server.listen(settings) as listener:
            await _greet(service, with_demo)
            app = wiring.build(service, demo=with_demo)
            server.allow_connections()
            await server.make(app, settings, service.news.end).serve([listener])
        say("Stopped.")

    run(settings, work)


async def _greet(service: Service, with_demo: bool) -> None:
    base = service.settings.public_url
    site = demo.SITE if with_demo else maintaining.DEFAULT_SITE
    say(f"Serving {base}/" + ("  (demo page)" if with_demo else ""))
    if len(service.secret) < SHORT_KEY:
        say("SECRET_KEY is short: who guesses it can forge receipts and the links of mails.")
    invitation = await inviting.invite_first(service)
    if invitation:
        say(f"First moderator: {inviting.link(service, invitation)}  (works once, for a day)")
    say("To embed, put this on your page:")
    say(f'  <script type="module" src="{base}/static/embed.js"></script>')
    say(f'  <comment-thread site="{site}" thread="/path/of/the/page"></comment-thread>')


@main.command()
@with_settings
def init(**flags: Any) -> None:
    """Create the database and the site 'default', or say that they are there."""
    settings = settings_of(flags)
    run(settings, maintaining.list_sites)
    say("The database is ready.")


@main.command()
@with_settings
def migrate(**flags: Any) -> None:
    """Lead an older database to the version of this program."""
    run(settings_of(flags), maintaining.list_sites)
    say("The database is up to date.")


@main.group()
def site() -> None:
    """Make and list sites."""


@site.command("add")
@click.argument("slug")
@click.option(
    "--origin", "origins", multiple=True, help="Where its pages live: https://blog.example."
)
@with_settings
def site_add(slug: str, origins: tuple[str, ...], **flags: Any) -> None:
    """Make a site, or register more origins of one."""
    found = run(
        settings_of(flags), lambda service: maintaining.add_site(service, slug, list(origins))
    )
    say(f"Site {found.slug}: {', '.join(found.origins) or 'no origin registered yet'}.")


@site.command("list")
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
@with_settings
def site_list(as_json: bool, **flags: Any) -> None:
    """List the sites with their origins."""
    found = run(settings_of(flags), maintaining.list_sites)
    if as_json:
        click.echo(
            json.dumps([{"slug": item.slug, "origins": list(item.origins)} for item in found])
        )
        return
    for item in found:
        click.echo("\t".join([item.slug, *item.origins]))


@main.group("log")
def log_() -> None:
    """Look at the log of what was done."""


@log_.command("verify")
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
@with_settings
def log_verify(as_json: bool, **flags: Any) -> None:
    """Hold every row of the log against its hash; the first changed or missing one is named."""
    found = run(settings_of(flags), logbook.verify)
    if as_json:
        click.echo(json.dumps(asdict(found)))
    if found.wrong is not None:
        raise click.ClickException(f"Row {found.wrong} is not as it was written: {found.fault}.")
    older = f", and {found.unsealed} older ones that have no hash" if found.unsealed else ""
    say(f"The log is whole: {found.rows} rows{older}. Its end is {found.head or 'empty'}.")


@main.command("import")
@click.argument("kind", metavar="FORMAT", type=click.Choice(["typecho"]))
@click.argument("file", type=click.Path(exists=True, dir_okay=False, path_type=Path))
@click.option("--site", "slug", required=True, help="The site to import into; made if it is new.")
@click.option("--dry-run", is_flag=True, help="Read and report, store nothing.")
@with_settings
def import_(kind: str, file: Path, slug: str, dry_run: bool, **flags: Any) -> None:
    """Import the comments of another system; what is there already is left alone."""
    from comments_service.importers import typecho

    async def work(service: Service) -> None:
        report = await importing.import_comments(service, slug, typecho.read(file), dry_run=dry_run)
        for line in report.lines():
            say(line)

    run(settings_of(flags), work)


@main.command()
@with_settings
def recount(**flags: Any) -> None:
    """Count the votes of every comment again, and mend the figures that are wrong."""
    wrong = run(settings_of(flags), voting.recount)
    say(f"{wrong} figures were wrong and are right now." if wrong else "Every figure is right.")


@main.command("render-again")
@click.option("--site", "slug", help="Render the comments of this site only.")
@with_settings
def render_again(slug: str | None, **flags: Any) -> None:
    """Renew what an older renderer made of the comments; stopped, it goes on when run again."""

    async def work(service: Service) -> rendering.Report:
        stale = await rendering.count_stale(service, slug)
        with bar(stale, "Rendering") as shown:
            return await rendering.render_again(service, slug, shown.update)

    try:
        report = run(settings_of(flags), work)
    except KeyboardInterrupt:
        raise click.ClickException("Interrupted. Run it again to go on from there.") from None
    say(f"{report.comments} comments rendered again, {report.different} of them look different.")
