"""``crmapp demo``: people and records to try crmapp with."""

from __future__ import annotations

import click

from crmapp.cli.installation import in_installation
from crmapp.services import demo as services


@click.group()
def demo() -> None:
    """Load the demo, or take it away again."""


@demo.command()
@in_installation
def load() -> None:
    """Load the demo's people, dataset, accounts, contacts and activities."""
    services.load()
    click.echo(f"The demo is loaded; its people sign in with {services.PASSWORD}.")


@demo.command()
@in_installation
def remove() -> None:
    """Take the demo away; what others changed or added to stays."""
    kept = services.remove()
    click.echo("The demo is removed.")
    if kept:
        click.echo(f"Accounts that others worked on stay: {kept}.")
