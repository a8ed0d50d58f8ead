"""Records as programs are told them: the names and values that they have in JSON."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from typing import Any

from crmapp.domain.fields import Field, Kind, freeze, is_custom
from crmapp.models.account import Record
from crmapp.services.account_links import Named


def public(spec: Field) -> str:
    """Return a field's name in JSON; another account is meant by its number or its name."""
    linked = spec.kind is Kind.ACCOUNT and not is_custom(spec.name)
    return spec.name.removesuffix("_id") if linked else spec.name


def written(
    record: Record, specs: Mapping[str, Field], links: Mapping[int, Named] | None = None
) -> dict[str, Any]:
    """Return a record as JSON holds it; ``links`` are the accounts that the reader may see."""
    values = {public(spec): value(spec, record.value(spec), links or {}) for spec in specs.values()}
    return {
        "id": record.id,
        "version": record.version,
        "created_at": freeze(record.created_at),
        "updated_at": freeze(record.updated_at),
        "deleted_at": freeze(record.deleted_at),
        **values,
    }


def value(spec: Field, held: Any, links: Mapping[int, Named]) -> Any:
    """Return a value as JSON holds it; another account by its number, else its name."""
    if spec.kind is Kind.ACCOUNT:
        named = links.get(held)
        return (named.number or named.name) if named else None
    return freeze(held)


def linked(records: Collection[Record], specs: Mapping[str, Field]) -> set[int]:
    """Return the accounts that fields of ``records`` name."""
    named = [spec for spec in specs.values() if spec.kind is Kind.ACCOUNT]
    return {record.value(spec) for record in records for spec in named} - {None}
