"""Custom fields as an administrator keeps them: made, changed, ordered, retired, brought back."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from sqlalchemy import func, select

from crmapp.db import LARGEST_ID, session, unit_of_work, utcnow
from crmapp.db.json_values import drop_index, index_values, value_at
from crmapp.domain.custom_fields import DEFINITION, FILTERED, KINDS, NUMERIC, name_from
from crmapp.domain.fields import LISTED, BadValue, Kind, Lookups, check, parse
from crmapp.domain.permissions import Right
from crmapp.domain.records import GROUP_MORE
from crmapp.domain.search import fold
from crmapp.errors import Conflict, Invalid, NotFound
from crmapp.i18n import N_, Bilingual, Text
from crmapp.models import Account, CustomField, PickList, User
from crmapp.services import audit, editing, fields
from crmapp.services.pick_list_keeping import labelled
from crmapp.services.rights import need

RIGHT = Right.SETTINGS_MANAGE
NO_KEY = N_("Enter a key of letters, digits and “_”: none can be made from this label.")
KEY_TAKEN = N_("Another field has this key. Enter a different one.")
KEY_RETIRED = N_("A retired field has this key. Bring it back, or enter a different key.")
LABEL_TAKEN = N_("The field “%(label)s” is called that already. Choose another label.")
NO_KIND = N_("Choose one of the kinds.")
NO_LIST = N_("Choose the pick list that the values come from.")
NOT_FILTERED = N_("The list cannot be filtered by long texts. Untick this, or choose Text.")
IN_USE = N_("Accounts have had values of this field, so its kind and its list stay.")


def listed(*, by: User) -> Sequence[CustomField]:
    """Return the custom fields of accounts in their order, the retired ones last.

    Raises:
        Forbidden: she lacks the right.
    """
    need(RIGHT, by=by)
    found = session.scalars(select(CustomField).order_by(CustomField.position, CustomField.id))
    return sorted(found, key=lambda each: each.retired_at is not None)


def get(field_id: int, *, by: User) -> CustomField:
    """Return a custom field.

    Raises:
        Forbidden: she lacks the right.
        NotFound: there is none with this id.
    """
    need(RIGHT, by=by)
    found = session.get(CustomField, field_id) if field_id <= LARGEST_ID else None
    if found is None:
        raise NotFound
    return found


def lists(locale: str) -> list[tuple[str, str]]:
    """Return (code, label) of the pick lists that a field may take its values from, by label."""
    living = session.scalars(select(PickList).where(PickList.deleted_at.is_(None)))
    found = [(each.code, each.label(locale)) for each in living]
    return sorted(found, key=lambda pair: fold(pair[1]))


def groups() -> list[Bilingual | str]:
    """Return the headings under which fields of accounts stand."""
    return list(dict.fromkeys(spec.group for spec in fields.of("account").values()))


def create(typed: Mapping[str, object], *, by: User, key: str | None = None) -> int:
    """Make a custom field of accounts, after the others, and return its id.

    Raises:
        Forbidden: she lacks the right.
        Invalid: field → what is wrong with it.
    """
    need(RIGHT, by=by)
    taken = editing.unless_taken(
        {"name": KEY_TAKEN}, index="uq_custom_field", column="custom_field.name"
    )
    with taken, unit_of_work():
        return editing.made(key, typed, lambda: _create(typed, by), by=by)


def _create(typed: Mapping[str, object], by: User) -> int:
    values = _checked(typed)
    _refuse_name(values["name"])
    _refuse_label(values)
    last = session.scalar(select(func.max(CustomField.position))) or 0
    made = CustomField(object="account", position=last + 1, **values)
    session.add(made)
    session.flush()
    drop_index(Account.__table__, made.name)
    _index(made)
    fields.touch()
    _note("field_saved", made, by)
    return made.id


def update(
    field_id: int, typed: Mapping[str, object], version: int, *, by: User, key: str | None = None
) -> None:
    """Change the custom field that ``by`` saw at ``version``; its key stays.

    Raises:
        Forbidden, NotFound
        Invalid: field → what is wrong with it.
        Conflict: somebody else changed it since.
    """
    with unit_of_work():
        get(field_id, by=by)
        sent = {**typed, "field": field_id, "version": version}
        editing.made(key, sent, lambda: _update(field_id, typed, version, by), by=by)


def _update(field_id: int, typed: Mapping[str, object], version: int, by: User) -> int:
    found = session.get_one(CustomField, field_id, with_for_update=True)
    if found.version != version:
        raise Conflict({name: getattr(found, name) for name in DEFINITION}, {}, found.version)
    kept = {"kind": found.kind, "pick_list": found.pick_list, "name": found.name}
    values = _checked({**kept, **typed, "name": found.name})
    _refuse_label(values, field_id)
    other = {name for name in ("kind", "pick_list") if values[name] != getattr(found, name)}
    if other and is_used(found):
        raise Invalid(dict.fromkeys(other, IN_USE))
    if other or values["filterable"] != found.filterable:
        drop_index(Account.__table__, found.name)
    for name, value in values.items():
        setattr(found, name, value)
    found.version += 1
    _index(found)
    fields.touch()
    _note("field_saved", found, by)
    return field_id


def _note(kind: str, field: CustomField, by: User) -> None:
    audit.note(kind, by=by, about="field", about_id=field.name, version=field.version)


def move(field_id: int, *, up: bool, by: User) -> None:
    """Let the field and its neighbour change places; at the end of the list nothing happens."""
    with unit_of_work():
        get(field_id, by=by)
        living = [each for each in listed(by=by) if each.retired_at is None]
        ids = [each.id for each in living]
        if field_id not in ids:
            return
        here = ids.index(field_id)
        there = here - 1 if up else here + 1
        if 0 <= there < len(ids):
            living[here], living[there] = living[there], living[here]
        for place, each in enumerate(living, 1):
            each.position = place
        fields.touch()


def retire(field_id: int, *, by: User) -> None:
    """Show the field nowhere any more; accounts keep their values of it."""
    with unit_of_work():
        found = get(field_id, by=by)
        if found.retired_at is None:
            found.retired_at, found.version = utcnow(), found.version + 1
            drop_index(Account.__table__, found.name)
            _index(found)
            fields.touch()
            _note("field_retired", found, by)


def bring_back(field_id: int, *, by: User) -> None:
    """Show a retired field again, with the values that accounts kept.

    Raises:
        Invalid: another field has its label by now.
    """
    with unit_of_work():
        found = get(field_id, by=by)
        if found.retired_at is not None:
            _refuse_label({"label_en": found.label_en, "label_fr": found.label_fr}, field_id)
            found.retired_at, found.version = None, found.version + 1
            _index(found)
            fields.touch()
            _note("field_saved", found, by)


def is_used(field: CustomField) -> bool:
    """Say whether any account, deleted ones too, has had a value of the field."""
    had = value_at(Account.__table__.c.lineage, field.name).is_not(None)
    return session.scalar(select(Account.id).where(had).limit(1)) is not None


def _checked(typed: Mapping[str, object]) -> dict[str, Any]:
    """Read what was typed, and refuse what makes no field."""
    values: dict[str, Any] = {}
    wrong: dict[str, Text | str] = {}
    for name, spec in DEFINITION.items():
        try:
            values[name] = check(spec, parse(spec, typed.get(name), Lookups()))
        except BadValue as bad:
            wrong[name] = bad.text
    if wrong:
        raise Invalid(wrong)
    values = labelled(values)
    kind = _kind(values["kind"])
    several = kind in LISTED
    if several and values["pick_list"] not in dict(lists("en")):
        raise Invalid({"pick_list": NO_LIST})
    if values["filterable"] and kind not in FILTERED:
        raise Invalid({"filterable": NOT_FILTERED})
    name = name_from(values["name"] or values["label_en"])
    if not name:
        raise Invalid({"name": NO_KEY})
    flags = {flag: bool(values[flag]) for flag in ("required", "filterable", "listed")}
    own = {"name": name, "kind": kind.value, "pick_list": values["pick_list"] if several else None}
    return {**values, **_paired(values), **flags, **own}


def _kind(text: str) -> Kind:
    known = {kind.value: kind for kind in KINDS}
    if text not in known:
        raise Invalid({"kind": NO_KIND})
    return known[text]


def _paired(values: Mapping[str, Any]) -> dict[str, str]:
    """Return help and group in both languages: what is missing is as in the other."""
    found: dict[str, str] = {}
    for name, usual in (("help", ("", "")), ("group", (GROUP_MORE, "Plus"))):
        english, french = values[f"{name}_en"], values[f"{name}_fr"]
        found[f"{name}_en"] = english or french or usual[0]
        found[f"{name}_fr"] = french or english or usual[1]
    return found


def _refuse_name(name: str) -> None:
    before = session.scalar(select(CustomField).where(CustomField.name == name))
    if before is not None:
        raise Invalid({"name": KEY_RETIRED if before.retired_at else KEY_TAKEN})


def _refuse_label(values: Mapping[str, Any], field_id: int | None = None) -> None:
    """Refuse a label that another field has: a form and a source's column must mean one."""
    own = session.get(CustomField, field_id).name if field_id else ""  # type: ignore[union-attr]  # it was found
    wrong: dict[str, Text | str] = {}
    for spec in fields.of("account").values():
        for name, locale in (("label_en", "en"), ("label_fr", "fr")):
            said = spec.label.said_in(locale) if isinstance(spec.label, Bilingual) else spec.label
            if spec.name != own and fold(values[name]) == fold(said):
                wrong[name] = Text(LABEL_TAKEN, {"label": said})
    if wrong:
        raise Invalid(wrong)


def _index(field: CustomField) -> None:
    """Let the database find accounts by the field, if people may.

    Those that name an account are always found: merging that one looks for them.
    """
    kind = Kind(field.kind)
    asked = field.filterable and field.retired_at is None and kind is not Kind.MULTI_PICK_LIST
    if asked or kind is Kind.ACCOUNT:
        index_values(Account.__table__, field.name, numeric=kind in NUMERIC)
