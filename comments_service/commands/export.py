"""The command that gives comments to other programs, as files."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click

from comments_service.commands.base import bar, run, say, settings_of, with_settings
from comments_service.operations import exporting
from comments_service.service import Service


@click.command()
@click.argument("directory", type=click.Path(file_okay=False, path_type=Path))
@click.option(
    "--format",
    "kind",
    type=click.Choice(["data"]),
    required=True,
    help="data: JSON files for the builder of a static site.",
)
@click.option("--site", "slug", required=True, help="The site whose comments are exported.")
@with_settings
def export(directory: Path, kind: str, slug: str, **flags: Any) -> None:
    """Write what readers can see to files; what did not change since the last time is left alone."""

    async def work(service: Service) -> exporting.Report:
        length = await exporting.count(service, slug)
        with bar(length, "Exporting") as shown:
            return await exporting.export_data(service, slug, directory, shown.update)

    try:
        report = run(settings_of(flags), work, to_read=True)
    except KeyboardInterrupt:
        raise click.ClickException("Interrupted. Run it again to bring it to its end.") from None
    there = f"{report.threads} threads with {report.comments} comments"
    say(f"{there}: {report.written} files written, {report.removed} removed.")
