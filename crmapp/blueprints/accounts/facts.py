"""What the details of an account show of its fields: values, and where each came from."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from functools import lru_cache

from flask import current_app, url_for
from markupsafe import Markup, escape

from crmapp.domain.fields import Field, Kind
from crmapp.domain.permissions import Right
from crmapp.models import Account, Change
from crmapp.services import accounts, history, pick_lists
from crmapp.web.access import person
from crmapp.web.templating import text
from crmapp.web.texts import language

_MARKED = frozenset(
    {
        Kind.LONG_TEXT, Kind.EMAIL, Kind.PHONE, Kind.URL, Kind.TAGS, Kind.MULTI_PICK_LIST,
        Kind.ACCOUNT, Kind.CONTACT,
    }
)  # fmt: skip
"""Kinds whose values are more than a text: links, chips, lines."""
NOTHING = Markup('<span class="muted">–</span>')


def filled(account: Account, fields: Iterable[Field]) -> list[Field]:
    """Return those of ``fields`` that ``account`` has a value in."""
    return [spec for spec in fields if account.value(spec) not in (None, "", [])]


def origins(account: Account, specs: Iterable[Field]) -> Mapping[str, Change]:
    """Return the changes from which ``account`` has its values of ``specs``, by field."""
    names = [spec.name for spec in specs if spec.name in account.lineage]
    return history.origins({name: account.lineage[name] for name in names})


def written(
    account: Account, fields: Mapping[str, Field], some: Iterable[Field]
) -> dict[str, Markup]:
    """Write what ``accounts/_facts.html`` shows of ``fields``: ``value_name``, ``origin_name``.

    ``some`` are those that ``account`` has a value in.
    """
    macros = current_app.jinja_env.get_template("accounts/_written.html").module
    labels, links = pick_lists.labels(language()), accounts.linked(account, by=person())
    found = dict(_blank(tuple(fields)))
    for spec in some:
        if spec.kind in _MARKED:
            value = macros.value(account, spec, labels, links)  # type: ignore[attr-defined]  # its macro
        else:
            value = escape(f"  {_plain(account, spec, labels)}\n")
        found[f"value_{spec.name}"] = value
    for name, change in origins(account, some).items():
        found[f"origin_{name}"] = Markup(" ") + macros.origin(account, change)  # type: ignore[attr-defined]  # its macro
    return found


def mapping_address(mapping_id: int) -> str:
    """Return the address of a CRM mapping, if the reader may open it."""
    if not person().can(Right.INTEGRATION_MANAGE):
        return ""
    return url_for("settings.crm_mapping", mapping_id=mapping_id)


def words(account: Account, specs: Iterable[Field]) -> dict[str, str]:
    """Write values as plain text, for a form that shows what it does not change."""
    labels, typed = pick_lists.labels(language()), accounts.links_typed(account, by=person())
    return {
        spec.name: typed[spec.name] if spec.name in typed else _word(account, spec, labels)
        for spec in specs
    }


def _word(account: Account, spec: Field, labels: Mapping[str, Mapping[str, str]]) -> str:
    value = account.value(spec)
    if value in (None, "", []):
        return ""
    if spec.kind is Kind.MULTI_PICK_LIST:
        known = labels.get(spec.pick_list or "", {})
        return ", ".join(known.get(code, code) for code in value)
    return _plain(account, spec, labels)


@lru_cache(maxsize=100)
def _blank(names: Sequence[str]) -> Mapping[str, Markup]:
    """What is shown of fields without values."""
    values = {f"value_{name}": NOTHING for name in names}
    return values | {f"origin_{name}": Markup() for name in names}


def _plain(account: Account, spec: Field, labels: Mapping[str, Mapping[str, str]]) -> str:
    """Say a value that is a text and nothing more."""
    value = account.value(spec)
    if spec.kind in (Kind.USER, Kind.TEAM):
        people, teams = pick_lists.names_of_all()
        return (people if spec.kind is Kind.USER else teams)[value]
    said = labels.get(spec.pick_list, {}).get(value, value) if spec.pick_list else value
    return text(said)
