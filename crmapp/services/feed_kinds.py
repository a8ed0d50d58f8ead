"""The registry of the kinds of sources."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager
from urllib.parse import urlsplit

from crmapp.config import settings
from crmapp.connectors.addresses import deadline, resolved
from crmapp.connectors.errors import ConfigBroken, WrongInstance
from crmapp.connectors.settings import SettingField
from crmapp.connectors.source_reach import SourceReach
from crmapp.connectors.sql import settings as sql
from crmapp.connectors.sql.line import PATIENCE
from crmapp.connectors.sql.reader import SqlReader
from crmapp.connectors.sql.settings import SqlSettings
from crmapp.connectors.sql.tables import QUERY
from crmapp.connectors.stores.bucket import BUCKET_FIELDS, BucketSettings, BucketStore
from crmapp.connectors.stores.folder import FOLDER_FIELDS, FolderSettings, FolderStore
from crmapp.connectors.stores.port import Store
from crmapp.connectors.tryton import connector as tryton
from crmapp.connectors.tryton import settings as tryton_settings
from crmapp.connectors.tryton.parties import PARTY
from crmapp.connectors.tryton.settings import Customers, TrytonSettings
from crmapp.domain.standard_rows import ACCOUNT, CUSTOMER
from crmapp.errors import Invalid, NotFound
from crmapp.i18n import N_
from crmapp.patience import Patience
from crmapp.services import datasets, feed_files, field_maps, remotes
from crmapp.services.feed_files import FilesOrigin
from crmapp.services.feed_kind import Choices, FeedKind, Texts
from crmapp.services.feed_origins import DimensionOrigin, RemoteOrigin
from crmapp.services.feed_readers import Origin, Told


def of(code: str) -> FeedKind:
    """Return a kind.

    Raises:
        NotFound: there is none with this code.
    """
    if code not in KINDS:
        raise NotFound
    return KINDS[code]


def reach() -> SourceReach:
    """Return what the operator lets sources reach."""
    ours = settings()
    return SourceReach(ours.source_folders, ours.source_hosts, ours.home, ours.database_url)


def _dimensions(_field: str, locale: str) -> Choices:
    return [
        (f"{each.name}/{name}", f"{each.dataset.label.text(locale)}: {shape.label.text(locale)}")
        for each in datasets.listed()
        if each.dataset
        for name, shape in each.dataset.dimensions.items()
    ]


@contextmanager
def _dimension(told: Told) -> Iterator[Origin]:
    dataset, _, dimension = str(told.values.get("dimension", "")).partition("/")
    yield DimensionOrigin(dataset, dimension)


@contextmanager
def _customers(_told: Told) -> Iterator[Origin]:
    name = CUSTOMER[field_maps.dialect()]
    with remotes.opened("intacct") as connector:
        yield RemoteOrigin(connector, name)


@contextmanager
def _accounts(_told: Told) -> Iterator[Origin]:
    with remotes.opened("salesforce") as connector:
        yield RemoteOrigin(connector, ACCOUNT)


@contextmanager
def _database(told: Told) -> Iterator[Origin]:
    columns = {"key": told.key_column, "stamp": told.stamp_column}
    wanted = SqlSettings.from_json({**told.values, **told.secrets, **columns})
    with SqlReader(wanted, reach(), patience=_patience()) as reader:
        yield RemoteOrigin(reader, told.object, tables=reader)


def _patience() -> Patience:
    """As much as there is, where somebody waits."""
    end = deadline.get()
    if end is None:
        return PATIENCE
    rest = max(1.0, end - time.monotonic())
    return Patience(silence=rest, whole=rest)


def _settled_address(values: Texts, secrets: Texts) -> tuple[Texts, Texts]:
    """Take the password out of the address, which is shown.

    Raises:
        Invalid: this is no address, or two things are to be read.
    """
    if values.get("table") and values.get("query"):
        problem = N_("Name a table or write a query, not both.")
        raise Invalid({"table": problem, "query": problem})
    try:
        known = SqlSettings.from_json({**values, **secrets})
        _ = known.address, known.time_zone
    except (WrongInstance, ConfigBroken) as error:
        field = "url" if isinstance(error, WrongInstance) else "zone"
        raise Invalid({field: error.message}) from error
    password = {"password": known.password} if known.password else {}
    return {**values, "url": known.url}, {**secrets, **password}


@contextmanager
def _parties(told: Told) -> Iterator[Origin]:
    wanted = TrytonSettings.from_json({**told.values, **told.secrets})
    with tryton.connect(wanted, tryton_settings.reach(_named_hosts(wanted.base))) as reader:
        yield RemoteOrigin(reader, PARTY, counts=False)


def _named_hosts(url: str) -> list[str]:
    """Return the host of an address if the operator has named it, or the network that it is in."""
    try:
        parts = urlsplit(url)
        host, port = parts.hostname or "", parts.port or 443
    except ValueError:
        return []  # no address; the connector says so
    return [host] if host and reach().is_named(host, resolved(host, port)) else []


def _settled_customers(values: Texts, secrets: Texts) -> tuple[Texts, Texts]:
    """Ask for the category where only its parties are customers.

    Raises:
        Invalid: there is none.
    """
    if values.get("customers") == Customers.CATEGORY and not values.get("category"):
        raise Invalid({"category": N_("Enter a value; this field is required.")})
    return values, secrets


@contextmanager
def _folder(told: Told) -> Iterator[Origin]:
    wanted = FolderSettings.from_json(told.values)
    store = FolderStore(wanted, reach(), most=settings().max_table)
    with _files(told, store, f"{wanted.folder}/{wanted.pattern}") as origin:
        yield origin


@contextmanager
def _bucket(told: Told) -> Iterator[Origin]:
    wanted = BucketSettings.from_json({**told.values, **told.secrets})
    store = BucketStore(wanted, reach(), most=settings().max_table)
    with _files(told, store, f"{wanted.bucket}/{wanted.prefix}{wanted.pattern}") as origin:
        yield origin


@contextmanager
def _files(told: Told, store: Store, place: str) -> Iterator[Origin]:
    with feed_files.fetching() as folder:
        yield FilesOrigin(store, told, place, folder, feed_files.taken(told.id))


_TABLE = SettingField(
    "table",
    N_("Table or view"),
    N_("With its schema, such as public.customers. Leave it empty and press Test to see them."),
    required=False,
)
_SQL_FIELDS = tuple(each for each in sql.FIELDS if each.name not in ("key", "stamp"))
_SQL_FIELDS = (*_SQL_FIELDS[:2], _TABLE, *_SQL_FIELDS[2:])


_KINDS = (
    FeedKind(
        "sql",
        N_("SQL database"),
        N_("A table, a view or a query of PostgreSQL, MariaDB, MySQL or SQLite."),
        "database",
        _SQL_FIELDS,
        delta=True,
        open=_database,
        object_of=lambda values: QUERY if values.get("query") else str(values.get("table", "")),
        place=("url",),
        settled=_settled_address,
        keyed=True,
        object_field="table",
        stamped=True,
    ),
    FeedKind(
        "folder",
        N_("Folder of files"),
        N_("CSV, Excel or Parquet files on this server or on a share: each is read once."),
        "file-text",
        (*FOLDER_FIELDS, *feed_files.FIELDS),
        delta=True,
        open=_folder,
        object_of=lambda _values: "files",
    ),
    FeedKind(
        "bucket",
        N_("Bucket of files"),
        N_("CSV, Excel or Parquet files in a bucket (S3), at Amazon or elsewhere."),
        "server",
        (*BUCKET_FIELDS, *feed_files.FIELDS),
        delta=True,
        open=_bucket,
        object_of=lambda _values: "files",
        place=("endpoint", "region"),
    ),
    FeedKind(
        "dataset",
        N_("Dimension of a database"),
        N_("Customers as a database of the grid knows them, with their properties."),
        "chart-no-axes-column",
        (SettingField("dimension", N_("Database and dimension")),),
        delta=False,
        open=_dimension,
        object_of=lambda values: str(values.get("dimension", "")).partition("/")[2],
        offered=_dimensions,
    ),
    FeedKind(
        "intacct",
        N_("Customers of Sage Intacct"),
        N_("Read over the connection that is set up under Admin > Connections."),
        "link",
        (),
        delta=True,
        open=_customers,
        object_of=lambda _values: "customer",
    ),
    FeedKind(
        "salesforce",
        N_("Accounts of Salesforce"),
        N_("Read over the connection that is set up under Admin > Connections."),
        "link",
        (),
        delta=True,
        open=_accounts,
        object_of=lambda _values: ACCOUNT,
    ),
    FeedKind(
        "tryton",
        N_("Parties of Tryton"),
        N_("The customers that a Tryton server keeps, with their addresses."),
        "building-2",
        tryton_settings.FIELDS,
        delta=True,
        open=_parties,
        object_of=lambda _values: PARTY,
        place=("url",),
        settled=_settled_customers,
    ),
)
KINDS: dict[str, FeedKind] = {each.code: each for each in _KINDS}
