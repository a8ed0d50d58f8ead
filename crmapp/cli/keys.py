"""``crmapp keys``: the keys that the secrets of connections are encrypted with."""

from __future__ import annotations

import click

from crmapp.cli.installation import in_installation
from crmapp.config import settings
from crmapp.services import key_rotation, vault


@click.group()
def keys() -> None:
    """Make and change the keys that encrypt the secrets of connections."""


@keys.command()
def new() -> None:
    """Print a new key for CRMAPP_ENCRYPTION_KEYS; nothing is changed."""
    click.echo(vault.new_key())


@keys.command()
@in_installation
def rotate() -> None:
    """Encrypt all secrets with a new key; the older keys stay until they are dropped."""
    rotation = key_rotation.rotate()
    _tell(rotation)
    if settings().encryption_keys:
        click.echo("Everything is encrypted with the first key of CRMAPP_ENCRYPTION_KEYS.")
        click.echo("The others may go, once every process of crmapp has been restarted with it.")
    else:
        click.echo("A new key is in force. `crmapp keys drop` lets the older ones go.")
        click.echo("A backup made before needs the keys of its time.")


@keys.command()
@in_installation
def drop() -> None:
    """Let the older keys go, once the newest one opens everything."""
    _tell(key_rotation.drop_old())
    click.echo("Only the newest key is left.")


def _tell(rotation: key_rotation.Rotation) -> None:
    for system in rotation.done:
        click.echo(f"{system}: encrypted with the newest key")
    for system in rotation.lost:
        click.echo(f"{system}: no key opens its secrets; enter them again in Admin > Connections")
