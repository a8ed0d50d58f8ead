"""``crmapp users``: who may sign in."""

from __future__ import annotations

import secrets

import click

from crmapp.cli.installation import in_installation, table
from crmapp.domain.permissions import Role
from crmapp.models import User
from crmapp.services import users as people

ROLES = click.Choice([role.value for role in Role])


@click.group()
def users() -> None:
    """Add people, change their role or password."""


@users.command("list")
@in_installation
def list_() -> None:
    """List who may sign in."""
    rows = people.everybody(by=people.administrator())
    table(
        [(user.email, user.name, user.role, "" if user.active else "inactive") for user in rows],
        ("e-mail", "name", "role", ""),
    )


@users.command()
@click.argument("email")
@click.option("--name", help="The person's name; the address if not given.")
@click.option("--role", type=ROLES, default=Role.VIEWER.value, show_default=True)
@click.option("--team", "teams", multiple=True, help="A team, made if new; may be repeated.")
@click.option("--password", help="A password; one is made and shown if not given.")
@in_installation
def add(
    email: str, name: str | None, role: str, teams: tuple[str, ...], password: str | None
) -> None:
    """Add a person who signs in with EMAIL."""
    chosen = password or _new_password()
    people.add(name=name or email, email=email, role=role, password=chosen, teams=teams, by=None)
    click.echo(f"{email} may sign in as {role}.")
    _show(None if password else chosen)


@users.command()
@click.argument("email")
@click.argument("role", type=ROLES)
@in_installation
def role(email: str, role: str) -> None:
    """Give the person with EMAIL another ROLE."""
    people.set_role(_person(email).id, role, by=None)
    click.echo(f"{email} is now {role}.")


@users.command()
@click.argument("email")
@click.option("--password", help="The new password; one is made and shown if not given.")
@in_installation
def password(email: str, password: str | None) -> None:
    """Give the person with EMAIL a new password, and sign her out everywhere."""
    chosen = password or _new_password()
    people.set_password(_person(email).id, chosen, by=None)
    click.echo(f"{email} has a new password.")
    _show(None if password else chosen)


def _person(email: str) -> User:
    found = people.find(email)
    if found is None:
        raise click.ClickException(f"There is nobody with the address {email}.")
    return found


def _new_password() -> str:
    return secrets.token_urlsafe(12)


def _show(made: str | None) -> None:
    if made:
        click.echo(f"The password is {made}")
