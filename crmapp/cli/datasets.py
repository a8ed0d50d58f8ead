"""``crmapp datasets``: the databases of the grid."""

from __future__ import annotations

from pathlib import Path

import click

from crmapp.cli.installation import in_installation, table
from crmapp.config import ROOT
from crmapp.errors import DatasetError
from crmapp.services import dataset_refresh
from crmapp.services import datasets as services


@click.group()
def datasets() -> None:
    """List the datasets, check their files, load their tables."""


@datasets.command("list")
@in_installation
def list_() -> None:
    """List the datasets and the snapshot that each answers from."""
    table([_row(found) for found in services.listed()], ("dataset", "label", "snapshot", ""))


def _row(found: services.Listed) -> tuple[object, ...]:
    label = found.dataset.label.text() if found.dataset else ""
    return found.name, label, found.snapshot or "none", found.problem


@datasets.command()
@click.argument("files", nargs=-1, type=click.Path(exists=True, dir_okay=False, path_type=Path))
def check(files: tuple[Path, ...]) -> None:
    """Compare dataset FILES with their tables; all of the installation's if none is named."""
    wrong = 0
    for path in files or sorted((ROOT / "datasets").glob("*.yml")):
        try:
            services.check(path)
            click.echo(f"{path.name}: well")
        except DatasetError as error:
            wrong += 1
            click.echo(str(error), err=True)
    if wrong:
        raise SystemExit(1)


@datasets.command()
@click.argument("names", nargs=-1)
@in_installation
def refresh(names: tuple[str, ...]) -> None:
    """Load the tables of the datasets NAMES anew; of all if none is named."""
    known = {found.name: found.stored for found in services.listed()}
    for name in names or list(known):
        stored = known.get(name)
        if stored is not None:
            click.echo(f"{name}: run {dataset_refresh.start(stored, by=None)} refreshes it")
            continue
        snapshot = services.refresh(name)
        click.echo(f"{name}: answers from {snapshot.name} now")
