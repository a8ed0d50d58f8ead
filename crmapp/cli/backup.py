"""``crmapp backup``: everything that an installation is made of, as one file."""

from __future__ import annotations

import os
import sys
from contextlib import closing
from pathlib import Path

import click

from crmapp.cli.installation import installation
from crmapp.errors import BackupError
from crmapp.services import backup_archive, backups

PASSPHRASE = "CRMAPP_BACKUP_PASSPHRASE"  # noqa: S105  # the name of a variable
_SHORTEST = 12
_NO_SECRETS = (
    "It holds no secrets: where it is restored, everybody signs in anew, and without the file"
    " encryption_keys of today the secrets of connections, sources and two-step sign-in have to be"
    " entered again. Nor is it signed: nothing tells an altered one from this."
)


@click.command()
@click.argument("target", metavar="FILE|-")
@click.option("--without-secrets", is_flag=True, help="Leave the keys out; ask for no passphrase.")
@click.option("--verify", is_flag=True, help="Check the backup FILE instead of making one.")
def backup(target: str, without_secrets: bool, verify: bool) -> None:
    """Write database, files and secrets to FILE while crmapp runs; - is standard output."""
    if verify:
        _verify(Path(target), without_secrets)
        return
    passphrase = None if without_secrets else new_passphrase()
    if target == "-" and sys.stdout.isatty():
        raise click.ClickException("A backup is no text: let standard output go to a file.")
    where = sys.stdout.buffer if target == "-" else Path(target).absolute()
    with installation(any_schema=True):
        made = backups.make(where, passphrase)
    told = ", ".join(f"{count} in {name}" for name, count in made.counts.items())
    click.echo(f"{target}: {made.members} files, {made.size >> 20} MB; {told}", err=True)
    click.echo(_NO_SECRETS if without_secrets else _keep(), err=True)


def _keep() -> str:
    return "Keep the passphrase elsewhere: without it nobody reads the secrets in the backup."


def _verify(path: Path, openly: bool) -> None:
    with closing(opened_archive(path)) as file:
        passphrase = passphrase_for(file, openly)
        found = backup_archive.read(file, passphrase, openly=openly)
    told = found.manifest
    signed = "signed by the passphrase" if found.signed else "not signed, or not checked whether"
    click.echo(f"{path}: whole, {signed}.")
    click.echo(
        f"Made {told['made_at']} by crmapp {told['crmapp']}, schema {told['revision']},"
        f" {told['database']} {told['database_version']}; {found.members} files,"
        f" {found.size >> 20} MB."
    )


def opened_archive(path: Path) -> backup_archive.File:
    """Open a backup.

    Raises:
        BackupError
    """
    try:
        return path.open("rb")
    except OSError as error:
        raise BackupError(f"{path} cannot be read: {error.strerror}.") from error


def new_passphrase() -> str:
    """Ask for the passphrase of a new backup, unless the environment gives it."""
    given = os.environ.get(PASSPHRASE) or _asked("Passphrase for the secrets", twice=True)
    if len(given) < _SHORTEST:
        raise click.ClickException(f"The passphrase is too short: use {_SHORTEST} characters.")
    return given


def passphrase_for(file: backup_archive.File, openly: bool) -> str | None:
    """Ask for the passphrase of a backup if it has one."""
    given = os.environ.get(PASSPHRASE)
    if openly or given or not backup_archive.holds_secrets(file):
        return given
    return _asked("Passphrase of the backup", twice=False)


def _asked(what: str, *, twice: bool) -> str:
    if not sys.stdin.isatty():
        raise click.ClickException(
            f"Nobody is there to ask for the passphrase: set {PASSPHRASE}, or say"
            " --without-secrets."
        )
    told: str = click.prompt(what, hide_input=True, confirmation_prompt=twice, err=True)
    return told
