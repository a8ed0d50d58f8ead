"""``crmapp restore`` and ``crmapp upgrade``: a backup back in its place, or beside it for a try."""

from __future__ import annotations

import sys
import tempfile
from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import click
from sqlalchemy.engine import URL, make_url

from crmapp.cli.backup import opened_archive, passphrase_for
from crmapp.cli.doctor import data, tell
from crmapp.cli.installation import installation, opened
from crmapp.cli.supervision import preflight
from crmapp.config import Settings
from crmapp.db import dumps
from crmapp.errors import BackupError
from crmapp.services import backups, restores
from crmapp.services.restores import Restore, Restored

_SINCE = (
    "Whatever happened since then is not there: people that were let go, passwords that were"
    " changed and tokens that were revoked are as they were. Do that again."
)


@click.command()
@click.argument("archive", metavar="FILE", type=click.Path(path_type=Path))
@click.option(
    "--replace", "over", is_flag=True, help="Restore over an installation, after a backup of it."
)
@click.option("--without-secrets", is_flag=True, help="Leave the keys; ask for no passphrase.")
@click.option("--send-letters", is_flag=True, help="Send the letters that waited, perhaps again.")
def restore(archive: Path, over: bool, without_secrets: bool, send_letters: bool) -> None:
    """Bring the backup FILE back into an empty installation, once all of it was checked."""
    settings = Settings.from_env()
    with _reads_and_writes(), closing(opened_archive(archive)) as file:
        passphrase = passphrase_for(file, without_secrets)
        work = Restore(file, settings, passphrase, openly=without_secrets)
        if not over:
            work.refuse_if_something_is_here()
        restores.refuse_if_it_runs(settings)
        work.check()
        settings.home.mkdir(parents=True, exist_ok=True)
        with closing(preflight.lock_home(settings.home)):
            if work.is_over_something():
                _keep_what_is_there(settings, None if without_secrets else passphrase)
            done = work.bring_back(opened, name=str(archive), send_letters=send_letters)
    _tell(done)


@contextmanager
def _reads_and_writes() -> Iterator[None]:
    try:
        yield
    except OSError as error:
        raise BackupError(
            f"The backup cannot be restored: {error}. If crmapp says that a restore was broken off,"
            " run it again; else nothing was changed."
        ) from error


def _keep_what_is_there(settings: Settings, passphrase: str | None) -> None:
    moment = datetime.now(UTC).strftime("%Y%m%d-%H%M%S-%f")
    kept = settings.home / f"before-restore-{moment}.crmapp"
    with installation(any_schema=True):
        backups.make(kept, passphrase)
    click.echo(f"What was there is in {kept}")


def _tell(done: Restored) -> None:
    told, settled = done.manifest, done.settled
    click.echo(f"Restored: crmapp as it was on {told['made_at']}.")
    for step in done.steps:
        click.echo(f"  migrated  {step}")
    click.echo(f"  {settled.people} people are signed out everywhere.")
    if settled.letters:
        click.echo(
            f"  {settled.letters} letters that waited are marked as failed: they may have been"
            " sent since. Admin > Mail lists them."
        )
    if settled.going_on:
        click.echo(f"  Runs that go on by themselves: {_numbers(settled.going_on)}")
    if settled.stopped:
        click.echo(
            f"  Runs that were cancelled, as they may have written to another system since:"
            f" {_numbers(settled.stopped)}. Start them again."
        )
    for trouble in settled.troubles:
        click.echo(f"  Look at this: {trouble}")
    click.echo(_SINCE)
    click.echo("Start it with `crmapp up`.")


def _numbers(ids: tuple[int, ...]) -> str:
    return ", ".join(map(str, ids))


@click.command()
@click.argument("archive", metavar="FILE", type=click.Path(path_type=Path))
@click.option("--dry-run", is_flag=True, help="Try it on a copy that is thrown away.")
@click.option("--without-secrets", is_flag=True, help="Leave the keys; ask for no passphrase.")
def upgrade(archive: Path, dry_run: bool, without_secrets: bool) -> None:
    """Say what this version would make of the backup FILE, and how long it would take."""
    if not dry_run:
        raise click.UsageError(
            "`crmapp up` upgrades when it starts. Say --dry-run to try that on a backup."
        )
    settings = replace(Settings.from_env(), encryption_keys=())
    with _reads_and_writes(), closing(opened_archive(archive)) as file, _place(settings) as place:
        passphrase = passphrase_for(file, without_secrets)
        work = Restore(file, place, passphrase, openly=without_secrets)
        work.check()
        done = work.bring_back(opened)
        with opened(place):
            wrong = tell(data())
    _tell_of_trial(done)
    sys.exit(wrong or bool(done.settled.troubles))


@contextmanager
def _place(settings: Settings) -> Iterator[Settings]:
    """Have an empty folder and an empty database for the time of a block."""
    with tempfile.TemporaryDirectory(prefix="crmapp-try-") as folder:
        home = Path(folder, "home")
        url = make_url(settings.database_url)
        if url.get_backend_name() == "sqlite":
            beside = URL.create("sqlite", database=str(home / "crmapp.db"))
            yield replace(settings, home=home, database_url=beside.render_as_string())
            return
        with dumps.PostgresCopies(url).beside() as beside:
            address = beside.render_as_string(hide_password=False)
            yield replace(settings, home=home, database_url=address)


def _tell_of_trial(done: Restored) -> None:
    if not done.steps:
        click.echo("The schema would stay as it is.")
    for step in done.steps:
        click.echo(f"would migrate  {step}")
    for what, seconds in done.seconds.items():
        click.echo(f"{what:<14} {seconds:.1f} s")
    for trouble in done.settled.troubles:
        click.echo(f"Look at this: {trouble}")
    click.echo("Nothing was kept of it, and nothing here was changed.")
