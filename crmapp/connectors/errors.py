"""What may go wrong while speaking with another system, and what each error asks of the caller.

::

    ConnectorError            ``remote`` holds the other side's own words
    ├── Retryable             try again after ``after`` seconds; nothing is known to be wrong
    │   └── Unreachable       no answer came: the network, the name, the time limit
    ├── QuotaExceeded         wait until ``until``; asking again only costs more
    ├── AuthFailed            the credentials are wrong, revoked or expired
    ├── PermissionMissing     signed in, but not allowed to; ``what`` names it
    ├── WrongInstance         an address that is not, or must not be, one of this system
    ├── ConfigBroken          a field or an object is gone or hidden; ``field`` names it
    └── RowRejected           one row that a person must mend; the others go on
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from enum import StrEnum

from crmapp.errors import CRMError
from crmapp.i18n import N_, Text


class ConnectorError(CRMError):
    """The root; ``message`` is a sentence for people, ``remote`` the other side's own words."""

    status = 502
    default = N_("The other system could not be asked.")

    def __init__(self, message: Text | str | None = None, *, remote: str = "") -> None:
        self.remote = remote
        super().__init__(message)


class Retryable(ConnectorError):
    """``after`` is what the other side asked to wait, in seconds; None if it did not say."""

    default = N_("The other system is busy. It is asked again in a while.")

    def __init__(
        self,
        message: Text | str | None = None,
        *,
        after: float | None = None,
        remote: str = "",
    ) -> None:
        self.after = after
        super().__init__(message, remote=remote)


class Cause(StrEnum):
    """Why no answer came, or no whole one."""

    NAME = "name"  # the name of the host cannot be found
    REFUSED = "refused"  # nothing listens there, or the way to it is closed
    TIME = "time"  # the time limit passed
    TLS = "tls"  # no secure connection could be made
    CUT = "cut"  # the connection ended in the middle, or the answer is not whole


class Unreachable(Retryable):
    """``cause`` says why, for whoever groups errors; the sentence says it to people."""

    default = N_("The other system does not answer. Check its address and the network.")

    def __init__(
        self,
        message: Text | str | None = None,
        *,
        cause: Cause = Cause.CUT,
        after: float | None = None,
        remote: str = "",
    ) -> None:
        self.cause = cause
        super().__init__(message, after=after, remote=remote)


class QuotaExceeded(ConnectorError):
    """``until`` is when the quota is known to be free again, aware; None if it is not known."""

    default = N_("The other system's quota of requests is used up for now.")

    def __init__(
        self,
        message: Text | str | None = None,
        *,
        until: datetime | None = None,
        remote: str = "",
    ) -> None:
        self.until = until
        super().__init__(message, remote=remote)


class AuthFailed(ConnectorError):
    default = N_("The other system refuses the credentials. Enter them again.")


class PermissionMissing(ConnectorError):
    """``what`` is the object, field or permission that the connecting user lacks."""

    default = N_("The user of the connection lacks a permission in the other system.")

    def __init__(
        self, message: Text | str | None = None, *, what: str = "", remote: str = ""
    ) -> None:
        self.what = what
        super().__init__(message, remote=remote)


class WrongInstance(ConnectorError):
    default = N_("This address does not belong to the system that it is meant for.")


class ConfigBroken(ConnectorError):
    """``field`` is the field or object that the other side does not know, as it spells it."""

    default = N_("A field that is in use is gone in the other system, or hidden from its user.")

    def __init__(
        self, message: Text | str | None = None, *, field: str = "", remote: str = ""
    ) -> None:
        self.field = field
        super().__init__(message, remote=remote)


class RowRejected(ConnectorError):
    """``code`` and ``fields`` are the other side's own (``STRING_TOO_LONG``, ``BL03000018``)."""

    default = N_("The other system refused this row.")

    def __init__(
        self,
        message: Text | str | None = None,
        *,
        code: str = "",
        fields: Sequence[str] = (),
        remote: str = "",
    ) -> None:
        self.code = code
        self.fields = tuple(fields)
        super().__init__(message, remote=remote)
