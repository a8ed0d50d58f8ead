"""``crmapp mail-in``: a mail server hands over a message for an account."""

from __future__ import annotations

import os
import sys
import traceback

import click

from crmapp.cli.installation import installation
from crmapp.domain.messages import BadMessage
from crmapp.errors import MailRefused, NotFound
from crmapp.services import mail_filing


@click.command("mail-in")
@click.argument("recipients", nargs=-1)
def mail_in(recipients: tuple[str, ...]) -> None:
    """File the e-mail on standard input on the accounts at RECIPIENTS.

    Without them the addresses in its headers count. Ends as mail servers expect: 65 the message
    cannot be read, 67 no account has such an address, 77 its sender may not, 75 try again later.
    """
    code = os.EX_TEMPFAIL  # whatever goes wrong, the message waits at the server that has it
    try:
        code = _filed(recipients)
    except click.ClickException as error:
        error.show()
    finally:
        if code == os.EX_TEMPFAIL and sys.exc_info()[0] is not None:
            traceback.print_exc()
        sys.exit(code)


def _filed(recipients: tuple[str, ...]) -> int:
    with installation():
        raw = sys.stdin.buffer.read(mail_filing.largest() + 1)
        try:
            mail_filing.file(raw, recipients)
        except BadMessage as error:
            return _said(str(error), os.EX_DATAERR)
        except MailRefused as error:
            return _said(str(error), os.EX_NOPERM)
        except NotFound:
            return _said("No account has this address.", os.EX_NOUSER)
    return os.EX_OK


def _said(text: str, code: int) -> int:
    click.echo(text, err=True)
    return code
