"""crmapp from a terminal: the same services, for operators."""

from __future__ import annotations

import sys

import click

from crmapp.cli.backup import backup
from crmapp.cli.datasets import datasets
from crmapp.cli.demo import demo
from crmapp.cli.doctor import doctor
from crmapp.cli.keys import keys
from crmapp.cli.mail_in import mail_in
from crmapp.cli.restore import restore, upgrade
from crmapp.cli.runs import runs
from crmapp.cli.sandbox import sandbox
from crmapp.cli.up import up
from crmapp.cli.users import users
from crmapp.errors import CRMError


@click.group(context_settings={"help_option_names": ["-h", "--help"]})
def commands() -> None:
    """A self-hosted CRM for companies that sell from an ERP."""


for command in (
    backup,
    datasets,
    demo,
    doctor,
    keys,
    mail_in,
    restore,
    runs,
    sandbox,
    up,
    upgrade,
    users,
):
    commands.add_command(command)


def main() -> None:
    """Run a command; what goes wrong on purpose is one line and a non-zero code."""
    try:
        commands()
    except CRMError as error:
        click.ClickException(str(error)).show()
        sys.exit(1)
