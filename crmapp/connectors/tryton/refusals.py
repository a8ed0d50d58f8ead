"""What Tryton's errors mean, and what to do about each."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from crmapp.connectors.answers import Answer, Explained
from crmapp.connectors.errors import (
    AuthFailed,
    ConfigBroken,
    ConnectorError,
    PermissionMissing,
    Retryable,
    Unreachable,
    WrongInstance,
)
from crmapp.connectors.redaction import redacted, shortened
from crmapp.i18n import N_, Text

_ERROR = re.compile(rb'^\s*\{\s*"id"\s*:[^,]{0,40},\s*"error"\s*:')
_KEY = re.compile(r"'([^']+)'")
_LOCKED = re.compile(r"database is locked|could not obtain lock|deadlock|could not serialize", re.I)


@dataclass(frozen=True)
class Refusal:
    """One error as Tryton tells it: ``name`` is a class of its own, or the words of any other."""

    name: str
    words: str = ""


def refusal(answer: Answer) -> Refusal | None:
    """Return the error in an answer, which has the status 200 all the same."""
    if answer.status != 200 or not _ERROR.match(answer.body[:200]):
        return None
    try:
        error = answer.json()["error"]
    except Unreachable:
        return None  # cut off: whoever reads it will say so
    return _told(error if isinstance(error, list) else [error])


def _told(error: Sequence[Any]) -> Refusal:
    name = str(error[0]) if error else ""
    more = error[1] if len(error) > 1 else ""
    if not isinstance(more, list):
        # Beside any other error stands its traceback, if the server tells it: that is for nobody.
        return Refusal(name, str(more) if name == "ConcurrencyException" else "")
    if name in ("UserWarning", "LoginException"):
        more = more[1:2]  # first comes what it is called
    return Refusal(name, " ".join(str(each) for each in more[:2] if each))


def explain(answer: Answer) -> Explained:
    """Say for the log what went wrong."""
    if found := refusal(answer):
        return Explained(found.name, found.words)
    return (
        Explained(str(answer.status), answer.text[:2000]) if answer.status >= 400 else Explained()
    )


def refused(answer: Answer, object: str) -> ConnectorError | None:
    """Return what an answer refuses, if anything; ``object`` is what was asked about."""
    if found := refusal(answer):
        return _refused_call(found, object)
    if answer.status == 200:
        return None
    remote = shortened(redacted(answer.text[:2000]), 200)
    if answer.status == 401:
        return AuthFailed(
            N_("Tryton refuses the session, also after signing in again."), remote=remote
        )
    if answer.status == 403:  # it has no such method: a wizard, a view
        return gone(object)
    if answer.status >= 500:
        return Retryable(remote=remote)
    return no_tryton(answer)


def _refused_call(found: Refusal, object: str) -> ConnectorError:
    remote = shortened(redacted(f"{found.name}: {found.words}" if found.words else found.name))
    if found.name in ("UserError", "UserWarning"):
        return PermissionMissing(
            Text(
                N_(
                    "Tryton refuses to show %(object)s: %(words)s Give the user of the connection"
                    " a group that may read it."
                ),
                {"object": object, "words": shortened(redacted(found.words), 300)},
            ),
            what=object,
            remote=remote,
        )
    if found.name == "ConcurrencyException" or _LOCKED.search(found.name):
        return Retryable(remote=remote)
    if key := _KEY.fullmatch(found.name):
        return gone(key[1])
    return ConnectorError(
        Text(N_("Tryton could not answer: %(words)s"), {"words": shortened(remote, 300)}),
        remote=remote,
    )


def gone(name: str) -> ConfigBroken:
    """Return the error for a field or a model that Tryton does not know."""
    return ConfigBroken(
        Text(
            N_(
                "%(field)s is gone in Tryton, or its module is not activated."
                " Update the fields, or activate the module."
            ),
            {"field": name},
        ),
        field=name,
    )


def refused_sign_in(answer: Answer, database: str) -> ConnectorError | None:
    """Return why Tryton does not let us in, if it does not."""
    remote = shortened(redacted(answer.text[:2000]), 200)
    if answer.status == 401:
        return AuthFailed(
            N_("Tryton refuses the sign-in. Check the user name and the password."), remote=remote
        )
    if answer.status == 404:
        return WrongInstance(
            Text(
                N_("There is no database %(database)s at this address. Check its name."),
                {"database": database},
            ),
            remote=remote,
        )
    found = refusal(answer)
    if found and found.name == "LoginException":
        return AuthFailed(
            Text(
                N_(
                    "Tryton asks for more than a password (%(words)s). Choose a user who signs in"
                    " by a password alone."
                ),
                {"words": shortened(redacted(found.words), 200)},
            ),
            remote=found.name,
        )
    if found and found.name == "'res.user'":
        # The server knows the file, but was started without it, and stays so.
        return ConnectorError(
            Text(
                N_("Tryton has not loaded the database %(database)s. Restart Tryton with it."),
                {"database": database},
            ),
            remote=found.name,
        )
    return refused(answer, "res.user")


def no_tryton(answer: Answer) -> WrongInstance:
    """Return the error for what answers in words that are none of Tryton's."""
    return WrongInstance(
        N_("This address does not answer like Tryton 8.2 or later. Check the address."),
        remote=shortened(redacted(answer.text[:2000]), 200),
    )
