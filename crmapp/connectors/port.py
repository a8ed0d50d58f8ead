"""The port to another system: what every connector can do, and the values it answers with."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import Any, Protocol

from crmapp.connectors.errors import RowRejected

Record = Mapping[str, Any]
"""One record by the remote's field names: str, bool, int, Decimal, date, aware datetime or None."""
Cursor = Mapping[str, Any]
"""Where a reading stands; JSON, opaque to callers, made by the connector that reads it."""


class RemoteKind(StrEnum):
    """The types of fields that we tell apart, whatever the other system calls them."""

    TEXT = "text"
    LONG_TEXT = "long_text"
    RICH_TEXT = "rich_text"
    INTEGER = "integer"
    NUMBER = "number"
    MONEY = "money"
    PERCENT = "percent"
    DATE = "date"
    DATE_TIME = "date_time"
    TIME = "time"
    YES_NO = "yes_no"
    PICK_LIST = "pick_list"
    MULTI_PICK_LIST = "multi_pick_list"
    REFERENCE = "reference"
    URL = "url"
    EMAIL = "email"
    PHONE = "phone"
    ADDRESS = "address"
    LOCATION = "location"
    ID = "id"
    OTHER = "other"


@dataclass(frozen=True)
class RemoteValue:
    """One value of a remote pick list."""

    value: str
    label: str
    active: bool = True


@dataclass(frozen=True)
class RemoteField:
    """One field of a remote object, as its description says it is now.

    ``type`` is the remote's own word for the type; ``refers_to`` the objects that a reference may
    mean; ``name_path`` the path under which the name behind a reference is read (``Owner.Name``),
    None where none can be.
    """

    name: str
    label: str
    kind: RemoteKind
    type: str
    custom: bool = False
    required: bool = False
    creatable: bool = True
    updatable: bool = True
    calculated: bool = False
    external_id: bool = False
    unique: bool = False
    length: int | None = None
    precision: int | None = None
    scale: int | None = None
    values: tuple[RemoteValue, ...] = ()
    refers_to: tuple[str, ...] = ()
    name_path: str | None = None
    part_of: str | None = None
    """The compound field (an address) that this one is a part of."""
    help: str = ""

    @property
    def called(self) -> str:
        """What people call it: a reference shows a name, not the “Owner ID” that it holds."""
        if self.kind is RemoteKind.REFERENCE:
            return self.label.removesuffix(" ID")
        return self.label


@dataclass(frozen=True)
class Description:
    """What a remote object consists of; fields in the remote's order."""

    object: str
    label: str
    fields: tuple[RemoteField, ...]

    def field(self, name: str) -> RemoteField | None:
        return next((each for each in self.fields if each.name == name), None)


@dataclass(frozen=True)
class Page:
    """Records in the order of the reading, and where to go on after them.

    ``cursor`` is None after the last page of a reading that cannot be continued later.
    """

    records: tuple[Record, ...]
    cursor: Cursor | None


@dataclass(frozen=True)
class RowResult:
    """What became of one row of an upsert, in the order of the rows given.

    Either ``id`` (the remote's key) or ``error`` is set. ``created`` is None if the remote does not
    say. ``retry`` says that the same row may be sent again as it is (a locked row).
    """

    id: str | None = None
    created: bool | None = None
    error: RowRejected | None = None
    retry: bool = False


@dataclass(frozen=True)
class Usage:
    """How much of its quota a connection has used: ``used`` of ``limit`` calls per ``per``."""

    used: int
    limit: int | None
    per: str  # "day" or "month"
    at: datetime


@dataclass(frozen=True)
class Check:
    """What a successful test of a connection found."""

    organisation: str  # the remote's own name or id of the company
    user: str  # as whom we are signed in
    version: str  # of the interface that is spoken
    is_sandbox: bool = False
    notes: tuple[str, ...] = ()  # codes of what is worth a word, e.g. "lists_missing"


@dataclass(frozen=True)
class Capabilities:
    """What a connector can do; a caller asks before it relies on it."""

    delta: bool  # reading of what changed since a cursor
    max_batch: int  # rows in one call of ``upsert``
    concurrency: int  # requests at a time


@dataclass(frozen=True)
class Exchange:
    """One request and its answer as the request log keeps it: secrets are redacted already."""

    at: datetime
    method: str
    path: str  # without host and without secrets in its query
    status: int | None  # None if no answer came
    seconds: float
    sent: int  # bytes
    received: int  # bytes
    error: str = ""  # the remote's error code, or the name of the network error
    detail: str = ""  # the remote's own words, shortened and redacted


@dataclass(frozen=True)
class Tokens:
    """What a sign-in gave; ``expires_at`` is None where the remote does not say."""

    access: str = field(repr=False)
    refresh: str | None = field(default=None, repr=False)
    instance_url: str | None = None
    expires_at: datetime | None = None
    extra: Mapping[str, str] = field(default_factory=dict)


class TokenStore(Protocol):
    """Keeps the tokens of one connection.

    ``renew`` calls ``sign_in`` with the tokens that are kept now, one caller at a time over all
    processes, and keeps what it returns before anybody else can read: a refresh token that is
    rotated dies with its first use. A caller passes the access token that was refused, so that
    it gets the newer one if somebody renewed it meanwhile, without signing in again.
    """

    def current(self) -> Tokens | None: ...

    def renew(self, refused: str | None, sign_in: Callable[[Tokens | None], Tokens]) -> Tokens: ...


@dataclass(frozen=True)
class Listed:
    """Something that can be read of a system: a table, a model. ``name`` is what it is read by."""

    name: str
    label: str


class Catalogue(Protocol):
    """A system of which it is not known beforehand what can be read."""

    def objects(self) -> list[Listed]:
        """Return what can be read, by label."""


class Reader(Protocol):
    """A system whose records can be read, whatever else it can do.

    Every method raises :class:`crmapp.connectors.errors.ConnectorError` and nothing else of the
    network. Time limits are the connector's own; a caller repeats what is ``Retryable``.
    """

    capabilities: Capabilities

    def check(self) -> Check:
        """Sign in and read who we are, precisely naming what is wrong if anything is."""

    def describe(self, object: str) -> Description:
        """Return what ``object`` consists of, read anew."""

    def count(self, object: str) -> int:
        """Return how many records of ``object`` there are."""

    def read(
        self, object: str, fields: Sequence[str], cursor: Cursor | None = None
    ) -> Iterator[Page]:
        """Read all records, or those changed since ``cursor``, in pages.

        Pages come ordered so that a reading killed at any point and continued from its last
        cursor misses no record; it may repeat some.

        Raises:
            ConfigBroken: one of the ``fields``, or the object, is not there any more.
        """

    def read_ids(self, object: str) -> Iterator[Sequence[str]]:
        """Return the ids of all records in pages: what is not among them was deleted."""


class Connector(Reader, Protocol):
    """One connection to one system that is read and written."""

    def read_one(self, object: str, id: str, fields: Sequence[str]) -> Record | None:
        """Return one record, or None if there is none with this id."""

    def find(
        self, object: str, fields: Sequence[str], field: str, value: str, most: int = 10
    ) -> list[Record]:
        """Return at most ``most`` records whose ``field`` is ``value``, for somebody who waits."""

    def read_some(
        self, object: str, fields: Sequence[str], field: str, values: Iterable[str]
    ) -> Iterator[Record]:
        """Read all records whose ``field`` is one of ``values``, in no order.

        A record also has ``field`` and the remote's key, so that it can be told whose it is.
        Texts are compared as the remote compares them: Salesforce does so without regard to case.
        What nobody has is missing; empty values, and none at all, ask nothing. There may be any
        number of values: the connector asks for as many at a time as the remote takes.

        Raises:
            ConfigBroken: one of the fields, or the object, is not there any more.
        """

    def upsert(self, object: str, match_key: str, rows: Sequence[Record]) -> list[RowResult]:
        """Create or update by ``match_key``; one result per row, in the order of ``rows``.

        A row changes the fields that it names and no others, also if other rows name more; None
        and an empty text empty a field. Names may be dotted as the description has them. What the
        remote wants of a new record is told of the row that lacks it (a customer of Intacct needs
        a name); the connector itself adds only what can be known from the row.

        Sending the same rows again changes nothing. Rows without a value for ``match_key`` are
        rejected: in Salesforce an empty external id makes a new record each time.

        Raises:
            ConfigBroken: one of the fields, or the object, is not there any more.
        """

    def usage(self) -> Usage | None:
        """Return what the last answers said of the quota, or None if nothing is known."""
