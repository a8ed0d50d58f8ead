"""What may go wrong, drawn as a tree; raised deep, translated once in ``web/errors.py``.

::

    CRMError
    ├── NotFound              404  no such thing, or not for you
    ├── Forbidden             403  you see it, but lack the named right
    ├── ReadOnly              403  an administrator looks at it as somebody else
    ├── TokenRefused          401  no good token
    ├── ScopeMissing          403  the token has no such scope
    ├── VersionMissing        428  a change that does not say of which version
    ├── VersionStale          412  it has another version by now
    ├── Invalid               422  fields carries field → message
    ├── Conflict              409  somebody else changed it; carries both versions
    │   └── TooLate           409  it has gone too far to be changed or stopped
    ├── MayExist              409  records like it exist; carries them
    ├── AlreadyRunning        409  carries the run that holds the lock
    ├── OwnedElsewhere        409  another system owns it; it is changed there
    ├── FileLost              410  a file of a run that the server has lost
    ├── KeyReused             409  the same idempotency key with other parameters
    ├── NotUndoable           409  carries the reason
    ├── NotConnected          409  no connection to that system yet
    ├── SecretsLost           409  what was encrypted cannot be read; it must be entered again
    ├── Unavailable           503  the database is busy or away; nothing was saved
    ├── RunStopped                 the worker lost its claim; another one has the run
    ├── MailRefused           422  an e-mail that may not be filed here
    ├── DatasetError          422  a dataset file or question that cannot be used
    ├── TableError            422  a table from outside that cannot be read
    ├── BackupError                a backup that cannot be made, read or brought back
    └── ConfigurationError         a setting that cannot be used
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from crmapp.i18n import N_, Text


class CRMError(Exception):
    """The root of everything that crmapp raises on purpose.

    ``message`` is shown to people, in their language, under ``title``, if that of the status does
    not say what kind of problem it is.
    """

    status = 500
    title = ""
    default = N_("Something went wrong.")

    def __init__(self, message: Text | str | None = None) -> None:
        self.message = Text(message) if isinstance(message, str) else message or Text(self.default)
        super().__init__(str(self.message))


class NotFound(CRMError):
    status = 404
    default = N_("There is no such page, or it is not open to you.")


class Forbidden(CRMError):
    """``right`` is the value of the missing :class:`crmapp.domain.permissions.Right`."""

    status = 403
    default = N_("You lack the right to do this.")

    def __init__(self, right: str, message: Text | str | None = None) -> None:
        self.right = right
        super().__init__(message)


class ReadOnly(CRMError):
    status = 403
    default = N_(
        "You look at this as somebody else, so nothing can be changed. Go back to your own view"
        " first; what you typed is still on the page."
    )


class TokenRefused(CRMError):
    status = 401
    title = N_("No good token")
    default = N_(
        "Send a token that is good, as “Authorization: Bearer …”. This one is unknown, expired or"
        " revoked, or there is none."
    )


class ScopeMissing(CRMError):
    """``scope`` is the value of the missing :class:`crmapp.domain.scopes.Scope`."""

    status = 403
    title = N_("The token lacks a scope")

    def __init__(self, scope: str) -> None:
        self.scope = scope
        text = N_("The token lacks the scope “%(scope)s”. Make one that has it.")
        super().__init__(Text(text, {"scope": scope}))


class VersionMissing(CRMError):
    status = 428
    default = N_("Say which version you change: send its ETag as “If-Match”.")


class VersionStale(CRMError):
    status = 412
    default = N_("Somebody else changed this record. Read it again, then change what it is now.")


class Invalid(CRMError):
    """``fields`` maps a field's name to what is wrong with it; ``""`` is the form as a whole."""

    status = 422
    default = N_("Some values need attention.")

    def __init__(self, fields: Mapping[str, Text | str], message: Text | str | None = None) -> None:
        self.fields = {
            name: Text(text) if isinstance(text, str) else text for name, text in fields.items()
        }
        super().__init__(message)


class Conflict(CRMError):
    """Somebody else changed it: ``theirs`` is what it holds now, ``original`` what you saw."""

    status = 409
    default = N_("Somebody else changed this record while you were editing it.")

    def __init__(
        self,
        theirs: Mapping[str, Any],
        original: Mapping[str, Any] | None = None,
        version: int | None = None,
        message: Text | str | None = None,
    ) -> None:
        self.theirs = dict(theirs)
        self.original = dict(original or {})
        self.version = version
        super().__init__(message)


class TooLate(Conflict):
    title = N_("It has gone too far for this")


class MayExist(CRMError):
    """Records like the one to be saved exist: a person says that it is another one, and why.

    ``matches`` are those records, ``seal`` stands for this set of them: who confirms sends it
    back. ``wrong`` says what is wrong with the reason that was given.
    """

    status = 409
    title = N_("This may exist already")
    default = N_("This may exist already.")

    def __init__(self, matches: Sequence[Any], seal: str, wrong: str = "") -> None:
        self.matches = matches
        self.seal = seal
        self.wrong = wrong
        super().__init__()


class AlreadyRunning(CRMError):
    status = 409
    title = N_("This has been started already")
    default = N_("This is already running.")

    def __init__(self, run_id: int, message: Text | str | None = None) -> None:
        self.run_id = run_id
        super().__init__(message)


class OwnedElsewhere(CRMError):
    status = 409
    title = N_("Another system owns this")
    default = N_("Another system owns this. Change it there; it follows by itself.")


class KeyReused(CRMError):
    status = 409
    title = N_("This was sent before with other values")
    default = N_("This form was sent before with other values. Reload the page and try again.")


class FileLost(CRMError):
    """A file below the artefacts folder is missing or damaged; only a backup has it."""

    status = 410
    default = N_(
        "The server has lost the file that holds the rows of this run's plan. Ask an administrator"
        " to bring it back from a backup."
    )


class NotUndoable(CRMError):
    status = 409
    title = N_("This cannot be undone")
    default = N_("This run cannot be undone.")


class NotConnected(CRMError):
    """``system`` is the code of the system that nothing connects to."""

    status = 409
    title = N_("There is no connection")
    default = N_("There is no connection to this system. Set it up under Admin > Connections.")

    def __init__(self, system: str, message: Text | str | None = None) -> None:
        self.system = system
        super().__init__(message)


class SecretsLost(CRMError):
    status = 409
    title = N_("The secrets cannot be read")
    default = N_(
        "The key that the secrets of this connection were encrypted with is lost. Enter the secrets"
        " again under Admin > Connections, or bring the key back."
    )


class Unavailable(CRMError):
    status = 503
    default = N_("The database is busy. Nothing was saved; please try again.")


DISK_FULL = N_("The server's disk is full. Nothing was saved; tell whoever runs it, and try again.")


class RunStopped(CRMError):
    default = N_("Another worker has taken over this run.")


class MailRefused(CRMError):
    status = 422
    default = N_("This e-mail cannot be filed here.")


class DatasetError(CRMError):
    status = 422
    default = N_("This dataset cannot be used.")


class TableError(CRMError):
    status = 422
    default = N_("This table cannot be read.")


class BackupError(CRMError):
    """Nothing was changed, unless the message says so."""

    default = N_("This backup cannot be used.")


class ConfigurationError(CRMError):
    default = N_("A setting cannot be used.")
