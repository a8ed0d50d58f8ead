"""The kinds of sources: what each is told, whether it reads changes alone, how it is opened."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass
from typing import Any

from crmapp.connectors.settings import SettingField
from crmapp.domain.standard_rows import ACCOUNT, CUSTOMER
from crmapp.errors import Invalid, NotFound
from crmapp.i18n import N_, Text
from crmapp.services import datasets, field_maps, remotes
from crmapp.services.feed_origins import DimensionOrigin, RemoteOrigin
from crmapp.services.feed_readers import Origin, Told

LONGEST, LONGEST_TEXT = 500, 20_000
Values = Mapping[str, Any]
Choices = Sequence[tuple[str, str]]


@dataclass(frozen=True)
class FeedKind:
    """One kind of source.

    ``delta`` says whether it can read what changed alone. ``open`` gives its origin for the time
    of a block. ``object_of`` names what is read there by its settings. ``offered`` are the values
    of a field that are known only while it runs, in a language. ``place`` are the settings that
    say where secrets are sent to: others than those that are kept need the secrets anew.
    """

    code: str
    label: str
    help: str
    icon: str
    fields: tuple[SettingField, ...]
    delta: bool
    open: Callable[[Told], AbstractContextManager[Origin]]
    object_of: Callable[[Values], str]
    offered: Callable[[str, str], Choices] = lambda _field, _locale: ()
    place: tuple[str, ...] = ()
    stamped: bool = False
    """Whether a column may be named that says when a row was changed."""

    def checked(
        self, typed: Mapping[str, str], kept: Mapping[str, str]
    ) -> tuple[dict[str, str], dict[str, str]]:
        """Return the settings and the secrets of what was typed; ``kept`` stand where nothing was.

        Raises:
            Invalid: field → what is wrong with it.
        """
        values: dict[str, str] = {}
        secrets: dict[str, str] = {}
        wrong: dict[str, Text | str] = {}
        for field in self.fields:
            text = (typed.get(field.name) or "").strip()
            value = text or kept.get(field.name, "") if field.secret else text
            if problem := self._problem(field, value):
                wrong[field.name] = problem
            elif value:
                (secrets if field.secret else values)[field.name] = value
        if wrong:
            raise Invalid(wrong)
        return values, secrets

    def _problem(self, field: SettingField, value: str) -> Text | str | None:
        longest = LONGEST_TEXT if field.long else LONGEST
        if not value:
            return N_("Enter a value; this field is required.") if field.required else None
        if len(value) > longest:
            return Text(N_("Enter at most %(count)s characters."), {"count": longest})
        if not field.long and not value.isprintable():
            return N_("Remove the invisible characters from this text.")
        offered = field.choices or tuple(self.offered(field.name, ""))
        if offered and value not in [each for each, _label in offered]:
            return N_("Choose one of the values that are offered.")
        return None


def of(code: str) -> FeedKind:
    """Return a kind.

    Raises:
        NotFound: there is none with this code.
    """
    if code not in KINDS:
        raise NotFound
    return KINDS[code]


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


_KINDS = (
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
)
KINDS: dict[str, FeedKind] = {each.code: each for each in _KINDS}
