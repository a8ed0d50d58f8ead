"""``crmapp erase`` and ``crmapp erasures``: erase a person, and again after a restore."""

from __future__ import annotations

import click

from crmapp.cli.installation import in_installation, table
from crmapp.db import session
from crmapp.errors import NotFound
from crmapp.models import Run, User
from crmapp.services import erased_list, person_erasure, runs, users
from crmapp.services.personal_data import KINDS

PERSON = click.IntRange(1, 2**31 - 1)


@click.command()
@click.argument("kind", type=click.Choice(KINDS))
@click.argument("person_id", type=PERSON, metavar="ID")
@click.option("--dry-run", is_flag=True, help="Only say what would go and what stays.")
@click.option("--yes", is_flag=True, help="Do not ask.")
@in_installation
def erase(kind: str, person_id: int, dry_run: bool, yes: bool) -> None:
    """Erase the contact or the user with this ID for good."""
    plan = person_erasure.plan(kind, person_id, by=users.administrator())
    rows = [(each.name, each.count, "erased") for each in plan.goes]
    table([*rows, *((each.name, each.count, "stays") for each in plan.stays)], ("where", "", ""))
    if dry_run:
        return
    if not yes:
        click.confirm(f"Erase {plan.of.name} for good? This cannot be undone", abort=True)
    _erase(kind, person_id, plan.of.name, users.administrator())


@click.command()
@click.option("--again", is_flag=True, help="Erase those who are back, after a restore.")
@in_installation
def erasures(again: bool) -> None:
    """List who was erased, by number only."""
    listed = list(erased_list.every())
    if not again:
        table([(each.kind, each.id, each.at) for each in listed], ("kind", "id", "erased at"))
        return
    for each in listed:
        try:
            plan = person_erasure.plan(each.kind, each.id, by=users.administrator())
        except NotFound:
            continue
        _erase(each.kind, each.id, plan.of.name, users.administrator())


def _erase(kind: str, person_id: int, name: str, by: User) -> None:
    run_id = person_erasure.start(kind, person_id, typed=name, by=by)
    runs.work(run_id)
    session.rollback()
    run = session.get_one(Run, run_id)
    click.echo(f"{kind} {person_id}: run {run_id} is {run.status}.")
