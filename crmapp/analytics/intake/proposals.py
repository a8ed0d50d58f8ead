"""What a table's columns probably are in the grid: proposed for a person to look at and change."""

from __future__ import annotations

import re
import unicodedata
from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, timedelta

from crmapp.analytics.intake import recognise
from crmapp.analytics.intake.design import Column, Design, Dimension, unique
from crmapp.analytics.intake.formats import TEXT
from crmapp.analytics.intake.recognise import Column as Found
from crmapp.analytics.intake.vocabulary import french, plural

Rows = Sequence[Sequence[str | None]]
_DOCUMENT = re.compile(
    r"order|invoice|document|facture|commande|ticket|transaction|receipt|\brow\b|"
    r"\bline (no|num|id)|\bmonth|\byear|quarter|\bqtr|\bweek|\bmois|ann[ée]e|trimestre|semaine"
)
"""A line's own document, and periods, which the calendar knows better."""
_MEASURED = re.compile(r"qty|quantit|amount|montant|value|total")
_ACCOUNTS = re.compile(r"customer|client|account|debtor|buyer|sold to|kunde|compte|acheteur")
_CATEGORIES = re.compile(r"categor|cat[ée]gor|product line|gamme|famil|product group|groupe de pro")
_CONTACT = re.compile(r"address|adresse|street|\brue\b|contact")
_PLACE = re.compile(rf"{_CONTACT.pattern}|city|ville|state|region|r[ée]gion|pays|country")
_KEY_WORDS = re.compile(r"\b(code|no|number|num[ée]ro|num|id|nr|key|cl[ée]|name|nom|label|du|de)\b")
_MOST_OF_ITS_OWN = 50
_DETERMINED = 0.97
_ENOUGH = 5  # entities of several rows, to judge by them alone


@dataclass(frozen=True)
class _Known:
    """A column by what was found, with its words and its entity: ``customer`` of *Customer no*."""

    place: int
    name: str
    found: Found
    words: str
    entity: str


def propose(headings: Sequence[str], rows: Rows, title: str, today: date) -> Design:
    """Propose a design: the date, measures, dimensions with their properties, details."""
    known = _known(headings, recognise.columns(headings, rows))
    roles = _roles(known, rows)
    columns = tuple(_column(each, *roles[each.name]) for each in known)
    design = Design(
        title, french(title), columns=columns, dimensions=tuple(_dimensions(known, columns))
    ).settled()
    keys = [each for each in known if roles[each.name][0] == "key"]
    accounts = next((each.name for each in keys if _ACCOUNTS.search(each.words)), "")
    own = {each.name for each in columns if each.is_key}
    groups = [each.name for each in known if _CATEGORIES.search(each.words) and each.name in own]
    bought = next(iter(groups), "")
    period = "months" if _is_recent(design, known, rows, today) else "total"
    return replace(design, accounts=accounts, categories=bought, period=period).settled()


def names_for(headings: Sequence[str]) -> list[str]:
    """The columns' names in the dataset, each once."""
    names: list[str] = []
    for heading in headings:
        names.append(unique(slug(heading), set(names)))
    return names


def slug(text: str) -> str:
    """A heading as a name: ``Straße & Nr.`` → ``strasse_nr``."""
    split = re.sub(r"(?<=[a-z])(?=[A-Z])", "_", text)
    plain = unicodedata.normalize("NFKD", split.casefold()).encode("ascii", "ignore").decode()
    name = re.sub(r"[^a-z0-9]+", "_", plain).strip("_")[:36].strip("_")
    return name if name[:1].isalpha() else f"column_{name}".strip("_")[:40]


def _known(headings: Sequence[str], found: Sequence[Found]) -> list[_Known]:
    known = []
    for place, (name, column) in enumerate(zip(names_for(headings), found, strict=True)):
        words = recognise.spaced(column.heading)
        entity = " ".join(_KEY_WORDS.sub(" ", words).split()) or words
        known.append(_Known(place, name, column, words, entity))
    return known


def _roles(known: Sequence[_Known], rows: Rows) -> dict[str, tuple[str, str, bool]]:
    """Column → its role, the key it belongs to, whether it is a dimension of its own as well."""
    roles: dict[str, tuple[str, str, bool]] = {}
    texts = []
    for each in known:
        kind = each.found.kind
        if kind == "empty":
            roles[each.name] = ("skip", "", False)
        elif kind == "date":
            first = not any(role == "day" for role, _, _ in roles.values())
            roles[each.name] = ("day" if first else "detail", "", False)
        elif _DOCUMENT.search(each.words) and not _MEASURED.search(each.words):
            roles[each.name] = ("detail", "", False)
        elif kind in ("amount", "quantity"):
            roles[each.name] = ("money" if kind == "amount" else "number", "", False)
        elif kind == "rate":
            roles[each.name] = ("detail", "", False)
        else:
            texts.append(each)
    return roles | _entities(texts, rows)


def _entities(texts: Sequence[_Known], rows: Rows) -> dict[str, tuple[str, str, bool]]:
    keys = _keys(texts, len(rows))
    main = next((key for key in keys if _ACCOUNTS.search(key.words)), None)
    roles: dict[str, tuple[str, str, bool]] = {key.name: ("key", "", False) for key in keys}
    for each in texts:
        if each.name in roles:
            continue
        owner = _owner(each, keys, rows)
        contact = each.found.kind in ("email", "phone", "postal_code")
        if owner is None and main is not None and (contact or _PLACE.search(each.words)):
            owner = main
        contact = contact or bool(_CONTACT.search(each.words))
        few = 2 <= each.found.distinct <= _MOST_OF_ITS_OWN and not contact
        if owner is not None:
            named = each.found.kind == "label" and each.entity == owner.entity
            roles[each.name] = ("name" if named else "property", owner.name, few and not named)
        elif few or each.found.distinct * 5 <= each.found.filled:
            roles[each.name] = ("key", "", False)
        else:
            roles[each.name] = ("detail", "", False)
    return roles


def _keys(texts: Sequence[_Known], count: int) -> list[_Known]:
    """The columns that tell entities apart: codes, and names of entities without a code."""
    codes = [each for each in texts if each.found.kind == "code"]
    coded = {each.entity for each in codes}
    names = [
        each
        for each in texts
        if each.found.kind == "label" and each.entity not in coded and "contact" not in each.words
    ]
    keys: dict[str, _Known] = {}
    for each in codes + names:
        keys.setdefault(each.entity, each)
    return [each for each in keys.values() if each.found.distinct > 1 or count < 3]


def _owner(column: _Known, keys: Sequence[_Known], rows: Rows) -> _Known | None:
    """The key whose entities each have one value of the column; of several, the coarsest."""
    owners = [
        key
        for key in keys
        if column.found.distinct <= key.found.distinct * (2 - _DETERMINED)
        and _determines(key, column, rows)
    ]
    same = [key for key in owners if key.entity and key.entity in column.words]
    return min(same or owners, key=lambda key: key.found.distinct, default=None)


def _determines(key: _Known, column: _Known, rows: Rows) -> bool:
    found: dict[str, list[str]] = defaultdict(list)
    for row in rows:
        if (of := row[key.place]) and (value := row[column.place]):
            found[of].append(value)
    again = [each for each in found.values() if len(each) > 1]  # one row proves nothing
    enough = len(again) >= _ENOUGH
    seen = again if enough else list(found.values())
    several = sum(1 for each in seen if len(set(each)) > 1)
    return bool(seen) and several <= max(enough, (1 - _DETERMINED) * len(seen))


def _column(known: _Known, role: str, of: str, own: bool) -> Column:
    label = _label(known.words, known.found.heading)
    reads = known.found.format if role in ("day", "money", "number", "detail") else TEXT
    return Column(
        known.found.heading, known.name, label, french(label), reads or TEXT, role, of, own
    )


def _label(words: str, heading: str) -> str:
    """``MontantHT`` → *Montant HT*: letters that stand for words stay capitals among small ones."""
    label = " ".join(words.split()).capitalize() or heading
    capitals = [] if heading.isupper() else re.findall(r"(?<![A-Z])[A-Z]{2,5}(?![a-zA-Z])", heading)
    kept = {each.casefold(): each for each in capitals}
    return " ".join(kept.get(each.casefold(), each) for each in label.split(" "))


def _dimensions(known: Sequence[_Known], columns: Sequence[Column]) -> list[Dimension]:
    found: list[Dimension] = []
    for each, column in zip(known, columns, strict=True):
        if column.is_key:
            label = plural(each.entity).capitalize()
            if label in {one.label_en for one in found}:
                label = column.label_en
            name = unique(slug(label), {one.name for one in found})
            found.append(Dimension(column.name, name, label, french(label)))
    return found


def _is_recent(design: Design, known: Sequence[_Known], rows: Rows, today: date) -> bool:
    """Whether the last twelve months have lines; if not, a grid of them would open empty."""
    day: Mapping[str, _Known] = {each.name: each for each in known}
    if design.day not in day:
        return True
    place = day[design.day].place
    written = day[design.day].found.format
    dates = [recognise.as_date((row[place] or "").strip(), written) for row in rows]
    last = max((each for each in dates if each is not None), default=today)
    return last > today - timedelta(days=365)
