"""Whether the values of one field fit into another, and what to do where they do not."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from crmapp.domain.field_rules import Shape, Side
from crmapp.domain.search import fold
from crmapp.i18n import N_, Text

PLAIN = frozenset({"text", "long_text", "rich_text"})
WORDS = PLAIN | {"email", "phone", "url"}
NUMBERS = frozenset({"integer", "number", "money", "percent"})
LISTS = frozenset({"pick_list", "multi_pick_list"})
WHOLE = frozenset({"address", "location"})
YES_NO = ("true", "false")
"""The words of a check box where it meets a pick list."""

# Kind of the field written to → the kinds whose values it takes.
_TAKES: dict[str, frozenset[str]] = {
    **dict.fromkeys(PLAIN, WORDS | NUMBERS | LISTS | {
        "yes_no", "date", "date_time", "time", "reference", "id", "other"}),
    **dict.fromkeys(("email", "phone", "url"), WORDS - {"rich_text"}),
    "integer": NUMBERS, "number": NUMBERS,
    "money": NUMBERS - {"percent"}, "percent": NUMBERS - {"money"},
    "yes_no": frozenset({"yes_no", "pick_list"}),
    "date": frozenset({"date", "date_time"}), "date_time": frozenset({"date", "date_time"}),
    "time": frozenset({"time"}),
    "pick_list": frozenset({"pick_list", "text", "yes_no", "reference"}),
    "multi_pick_list": frozenset({"multi_pick_list", "pick_list"}),
    "reference": frozenset({"reference", "text", "pick_list"}),
}  # fmt: skip
_ONLY_NUMBERS = N_("%(target)s takes only numbers. Choose a number field in place of %(source)s.")
_REFUSALS: dict[str, str] = {
    **dict.fromkeys(NUMBERS, _ONLY_NUMBERS),
    "yes_no": N_(
        "%(target)s is a check box. Choose a check box or a pick list in place of %(source)s."
    ),
    "date": N_("%(target)s takes only dates. Choose a date field in place of %(source)s."),
    "date_time": N_("%(target)s takes only dates. Choose a date field in place of %(source)s."),
    "time": N_("%(target)s takes only times of day. Choose such a field for %(source)s."),
    "pick_list": N_(
        "%(target)s takes one value of its list. Choose a pick list or a text in place of"
        " %(source)s."
    ),
    "multi_pick_list": N_(
        "%(target)s takes values of its list. Choose a pick list in place of %(source)s."
    ),
    "reference": N_(
        "%(target)s names another record. Choose a field that holds its Intacct ID in place of"
        " %(source)s."
    ),
    "email": N_("%(target)s takes only e-mail addresses. Choose a text field for %(source)s."),
    "phone": N_("%(target)s takes only phone numbers. Choose a text field for %(source)s."),
    "url": N_("%(target)s takes only web addresses. Choose a text field for %(source)s."),
}
_MIXED = N_("An amount is no percentage: choose a number field for %(source)s or for %(target)s.")
_PARTS = N_("%(field)s is put together from its parts. Map its parts one by one.")
_NOT_WRITTEN = N_("%(field)s cannot be written. Choose another field, or the other direction.")
_NO_TYPE = N_("%(field)s has a type that cannot be written from outside. Choose another field.")


@dataclass(frozen=True)
class Fit:
    """What is wrong with a pair of fields in one direction, and what is worth a word.

    ``at`` is the side whose field is to be chosen anew. ``loses`` says that what comes back is
    not what went.
    """

    problem: Text | None = None
    at: Side | None = None
    cautions: tuple[Text, ...] = ()
    loses: bool = False


def writable(shape: Shape) -> bool:
    """Say whether a field of a record that is there can be written."""
    return shape.updatable and not shape.calculated and shape.kind != "id"


def fit(source: Shape, target: Shape, to: Side, *, standard: bool = False) -> Fit:
    """Say how values of ``source`` fit into ``target``, which is on the side ``to``.

    A standard row may write a field that only a new record takes, as the number of a customer.
    """
    for side, shape in ((to.other, source), (to, target)):
        if shape.kind in WHOLE:
            return Fit(Text(_PARTS, {"field": shape.label}), side)
    if target.calculated or not (writable(target) or (standard and target.creatable)):
        return Fit(Text(_NOT_WRITTEN, {"field": target.label}), to)
    takes = _TAKES.get(target.kind)
    if takes is None:
        return Fit(Text(_NO_TYPE, {"field": target.label}), to)
    if source.kind not in takes:
        mixed = {source.kind, target.kind} == {"money", "percent"}
        said = _MIXED if mixed else _REFUSALS.get(target.kind, _NO_TYPE)
        labels = {"source": source.label, "target": target.label, "field": target.label}
        return Fit(Text(said, labels), to.other)
    loses = source.kind == "date_time" and target.kind == "date"
    return Fit(cautions=tuple(_cautions(source, target)), loses=loses)


def _cautions(source: Shape, target: Shape) -> Iterator[Text]:
    labels = {"source": source.label, "target": target.label}
    room = target.length or 0
    if room and source.kind in WORDS and (source.length or 0) > room:
        said = N_("%(target)s takes %(most)s characters: a longer value is refused.")
        yield Text(said, {**labels, "most": room})
    if source.kind in NUMBERS and target.kind in NUMBERS:
        if target.kind == "integer" and source.kind != "integer":
            yield Text(N_("%(target)s takes whole numbers: decimals are rounded."), labels)
        elif target.scale is not None and (source.scale is None or source.scale > target.scale):
            said = N_("%(target)s keeps %(scale)s decimals: others are rounded.")
            yield Text(said, {**labels, "scale": target.scale})
    if source.kind == "date_time" and target.kind == "date":
        yield Text(N_("The time of day is lost: %(target)s holds only a date."), labels)
    if target.kind in LISTS and not words_of(source):
        yield Text(N_("A value that the list of %(target)s lacks is refused."), labels)
    if source.kind == "multi_pick_list" and target.kind in PLAIN:
        yield Text(N_("Several values come in one text, with semicolons between them."), labels)
    if target.required and not source.required:
        yield Text(N_("%(target)s is required: an empty value leaves it as it is."), labels)


def words_of(shape: Shape) -> tuple[str, ...]:
    """Return the values that a field may hold, as far as its description says them."""
    if shape.kind == "yes_no":
        return YES_NO
    return tuple(each.value for each in shape.values if each.active)


def meets_list(source: Shape, target: Shape) -> bool:
    """Say whether values have to be translated from ``source`` to ``target`` by their names."""
    return target.kind in LISTS or (target.kind == "yes_no" and source.kind == "pick_list")


def same_word(word: str, target: Shape) -> str | None:
    """Return the value of ``target`` that has the name or the label ``word``; None for none."""
    if target.kind == "yes_no":
        known = {"true": "true", "yes": "true", "1": "true"}
        known |= {"false": "false", "no": "false", "0": "false"}
        return known.get(fold(word))
    if any(each.value == word and each.active for each in target.values):
        return word
    sought = fold(word)
    return next(
        (
            each.value
            for each in target.values
            if each.active and sought in (fold(each.value), fold(each.label))
        ),
        None,
    )
