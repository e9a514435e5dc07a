"""What every command needs: its settings as flags, a service opened and closed, a sentence for a fault."""

from __future__ import annotations

import asyncio
import sys
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any, TypeVar

import click

from comments_service import app as wiring
from comments_service.errors import (
    BadFields,
    DatabaseUnusable,
    ExportImpossible,
    ImportImpossible,
    Refused,
)
from comments_service.service import Service
from comments_service.settings import Settings, SettingsInvalid, load

T = TypeVar("T")
Command = Callable[..., Any]


def say(text: str) -> None:
    """Talk to whoever runs a command: on stderr, since stdout is for data."""
    click.echo(text, err=True)


def with_settings(command: Command) -> Command:
    """Give a command a flag for each setting, and --config for a TOML file."""
    for name, field in reversed(Settings.model_fields.items()):
        flag = "--" + name.replace("_", "-")
        command = click.option(flag, name, default=None, help=field.description)(command)
    path = click.Path(exists=True, dir_okay=False, path_type=Path)
    return click.option("--config", type=path, help="A TOML file of settings.")(command)


def settings_of(flags: dict[str, Any]) -> Settings:
    """Return the settings of a command, taking their flags away."""
    config = flags.pop("config", None)
    names = {name: flags.pop(name) for name in list(flags) if name in Settings.model_fields}
    try:
        return load(config, **names)
    except SettingsInvalid as error:
        raise click.UsageError(str(error)) from None


def bar(length: int, label: str) -> Any:
    """Return a progress bar, to be entered; it is shown at a terminal, where there is something to do."""
    hidden = not (length and sys.stderr.isatty())
    return click.progressbar(
        length=length, label=label, show_pos=True, hidden=hidden, file=sys.stderr
    )


def run(settings: Settings, work: Callable[[Service], Awaitable[T]], *, to_read: bool = False) -> T:
    """Open the service, do the work, close it; what goes wrong becomes a sentence and exit code 1.

    Work that only reads may be done beside a service that runs, on SQLite too.
    """
    opened = wiring.opened_to_read if to_read else wiring.opened

    async def main() -> T:
        async with opened(settings) as service:
            return await work(service)

    import uvloop

    try:
        with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
            return runner.run(main())
    except BadFields as error:
        sentences = [f"{item.field}: {item.message}" for item in error.errors]
        raise click.ClickException("\n".join(sentences)) from None
    except (DatabaseUnusable, ExportImpossible, ImportImpossible, Refused, OSError) as error:
        raise click.ClickException(str(error)) from None
