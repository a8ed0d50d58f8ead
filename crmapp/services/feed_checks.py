"""What a person sets for a source, checked; and what is found where it leads."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import asdict, dataclass, field, replace
from typing import Any

from crmapp.analytics.intake.tables import as_text
from crmapp.connectors import port
from crmapp.connectors.errors import Retryable
from crmapp.errors import Invalid, SecretsLost
from crmapp.i18n import N_, Text
from crmapp.models import FeedSource
from crmapp.services import vault
from crmapp.services.connection_problems import Problem
from crmapp.services.feed_kind import FeedKind
from crmapp.services.feed_readers import Column, Origin, SourceReader, Told
from crmapp.services.tables import SHOWN, Sample

LONGEST_NAME = 100
OWN = ("name", "key_column", "company", "company_column", "stamp_column")
"""What is set of every kind."""


@dataclass(frozen=True)
class Wanted:
    """What a person set; of secrets, those that she typed: the others stay as they are."""

    name: str
    typed: Mapping[str, str] = field(repr=False)
    key_column: str = ""
    company: str = ""
    company_column: str = ""
    stamp_column: str = ""


@dataclass(frozen=True)
class Check:
    """What a test found, or the ``problem``; ``sample`` are the first rows.

    ``key`` is the column by which the other side itself tells rows apart. Of one that is known
    from before, without asking, there is no sample.
    """

    problem: Problem | None = None
    organisation: str = ""
    user: str = ""
    count: int | None = None
    key: str = ""
    columns: tuple[Column, ...] = ()
    objects: tuple[port.Listed, ...] = ()
    sample: Sample | None = None

    def as_json(self) -> dict[str, Any]:
        """What is kept of it."""
        kept = ("organisation", "user", "count", "key")
        found = {name: getattr(self, name) for name in kept}
        return {**found, "columns": [asdict(each) for each in self.columns]}

    @classmethod
    def from_json(cls, kept: Mapping[str, Any]) -> Check:
        columns = tuple(Column(**each) for each in kept.get("columns", ()))
        return cls(**{**kept, "columns": columns})


def told(kind: FeedKind, wanted: Wanted, source: FeedSource | None) -> Told:
    """Return what was typed for a source; secrets that were not typed are those that are kept.

    Raises:
        Invalid: field → what is wrong with it.
    """
    kept: Mapping[str, str] = {}
    if source is not None and not _is_elsewhere(kind, wanted, source):
        with suppress(SecretsLost):
            kept = vault.unseal(source.secrets)
    values, secrets = kind.checked(wanted.typed, kept)
    return Told(
        source.id if source else 0,
        kind.code,
        values,
        secrets,
        kind.object_of(values),
        wanted.key_column,
        wanted.company_column,
        wanted.stamp_column,
    )


def _is_elsewhere(kind: FeedKind, wanted: Wanted, source: FeedSource) -> bool:
    """Say whether secrets that are kept would be sent to another place of her choice."""
    return any(
        (wanted.typed.get(name) or "").strip() != source.settings.get(name, "")
        for name in kind.place
    )


def is_kept(told: Told, source: FeedSource) -> bool:
    """Say whether nothing else is to be read than what the source is set to."""
    try:
        same = vault.unseal(source.secrets) == told.secrets
    except SecretsLost:
        return False
    stamp = told.stamp_column == source.stamp_column
    return same and stamp and told.values == source.settings


def looked(kind: FeedKind, origin: Origin, told: Told, locale: str) -> Check:
    """Look who we are there, and what there is: rows only once it is known how to read them."""
    who = origin.check()
    found = Check(None, who.organisation, who.user, objects=tuple(origin.objects()))
    if not told.object:
        return found
    columns, rows = tuple(origin.columns(locale)), None
    if told.key_column or origin.key or not kind.keyed:
        rows = sample(columns, SourceReader(origin, told, ("", "")).begin(SHOWN))
    count = None
    with suppress(Retryable):  # a large table is counted for long, and can be read all the same
        count = origin.count()
    return replace(found, count=count, key=origin.key, columns=columns, sample=rows)


def sample(columns: Sequence[Column], rows: Sequence[Mapping[str, Any]]) -> Sample:
    """Return rows as people read them."""
    return Sample(
        tuple(each.label for each in columns),
        [[as_text(row.get(each.name)) for each in columns] for row in rows],
    )


def checked(kind: FeedKind, wanted: Wanted, told: Told, found: Check) -> dict[str, str]:
    """Return what is set of every kind.

    Raises:
        Invalid: field → what is wrong with it.
    """
    values = {name: str(getattr(wanted, name)).strip() for name in OWN}
    values["key_column"] = values["key_column"] or found.key
    wrong: dict[str, Text | str] = {}
    for name in ("name", "company"):
        if len(values[name]) > LONGEST_NAME:
            wrong[name] = Text(N_("Enter at most %(count)s characters."), {"count": LONGEST_NAME})
        elif not values[name].isprintable():
            wrong[name] = N_("Remove the invisible characters from this text.")
    if not values["name"]:
        wrong["name"] = N_("Enter a value; this field is required.")
    there = {each.name for each in found.columns}
    if not told.object:
        wrong[kind.object_field] = N_("Say what is read there.")
    elif not values["key_column"]:
        wrong["key_column"] = N_("Choose the column that tells the customers apart.")
    for name in ("key_column", "company_column", "stamp_column"):
        if values[name] and values[name] not in there:
            wrong[name] = N_("This column is not there. Choose one of those that are.")
    if wrong:
        raise Invalid(wrong)
    return values
