"""Which column may fill which field: suggested by names, values and the last mapping."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from difflib import SequenceMatcher
from enum import StrEnum
from functools import cache, lru_cache

from crmapp.domain.field_texts import heading
from crmapp.domain.fields import Field, Kind
from crmapp.domain.search import fold
from crmapp.domain.shapes import LABELS, TELLING, Shape, fits
from crmapp.i18n import N_, Text

ALIKE = 0.84
"""How alike two names have to be, from 0 to 1."""


class Mark(StrEnum):
    """How sure a suggestion is."""

    EXACT = "exact"
    LIKELY = "likely"
    CHECK = "check"


MARKS: dict[Mark, str] = {
    Mark.EXACT: N_("Exact"),
    Mark.LIKELY: N_("Likely"),
    Mark.CHECK: N_("Check"),
}


@dataclass(frozen=True)
class Seen:
    """A source's column: its name, its label, and what its values look like.

    ``meant`` is the field that we called so ourselves, in a file that people fill in.
    """

    name: str
    label: str
    shape: Shape | None = None
    meant: str = ""


@dataclass(frozen=True)
class Suggestion:
    """A column for a field, how sure that is, and why."""

    column: str
    mark: Mark
    reason: Text


@dataclass(frozen=True)
class _Idea:
    """A suggestion among others; the one with the highest rank wins."""

    field: str
    rank: tuple[int, float]
    made: Suggestion


def suggest(
    columns: Sequence[Seen], fields: Iterable[Field], last: Mapping[str, str] | None = None
) -> dict[str, Suggestion]:
    """Suggest at most one column per field.

    ``last`` is field → column as it was last mapped from the same source; what it names is taken
    first, and may use one column for several fields. Other columns are suggested once.
    """
    specs = [spec for spec in fields if spec.mappable]
    known = {column.name: column for column in columns}
    found = {
        spec.name: _as_last_time(known[column], spec)
        for spec in specs
        if (column := (last or {}).get(spec.name)) in known
    }
    taken = {suggestion.column for suggestion in found.values()}
    free = [column for column in columns if column.name not in taken]
    open_ = [spec for spec in specs if spec.name not in found]
    ideas = [idea for spec in open_ for column in free if (idea := _idea(column, spec))]
    ideas += _by_values_alone(free, open_)
    for idea in sorted(ideas, key=lambda idea: idea.rank, reverse=True):
        if idea.field not in found and idea.made.column not in taken:
            found[idea.field] = _or_another(idea, ideas, taken)
            taken.add(idea.made.column)
    return {spec.name: found[spec.name] for spec in specs if spec.name in found}


def _as_last_time(column: Seen, spec: Field) -> Suggestion:
    if fits(spec, column.shape) is False:
        return Suggestion(column.name, Mark.CHECK, _strange(column))
    return Suggestion(column.name, Mark.EXACT, Text(N_("As in the last run from this source.")))


def _idea(column: Seen, spec: Field) -> _Idea | None:
    """Compare a column with a field, first by name, then by what its values look like."""
    if column.meant:
        return _our_own(column, spec) if column.meant == spec.name else None
    score = alike(column, spec)
    if score < ALIKE:
        return None
    suits = fits(spec, column.shape)
    if suits is False:
        if spec.kind is Kind.RECORD:
            return None  # a name or a number of its own finds nothing by our ids
        return _Idea(spec.name, (1, score), Suggestion(column.name, Mark.CHECK, _strange(column)))
    if score == 1:
        exact = Suggestion(column.name, Mark.EXACT, Text(N_("The names agree.")))
        return _Idea(spec.name, (4, score), exact)
    said = N_("The names are similar, and the values look like %(shape)s.")
    reason = Text(said, _shape(column)) if suits else Text(N_("The names are similar."))
    return _Idea(
        spec.name, (3 if suits else 2, score), Suggestion(column.name, Mark.LIKELY, reason)
    )


def _our_own(column: Seen, spec: Field) -> _Idea:
    """Take a column for the field that we named it after, whatever the language."""
    if fits(spec, column.shape) is False:
        return _Idea(spec.name, (1, 1.0), Suggestion(column.name, Mark.CHECK, _strange(column)))
    said = Text(N_("The names agree."))
    return _Idea(spec.name, (4, 1.0), Suggestion(column.name, Mark.EXACT, said))


def _by_values_alone(columns: Sequence[Seen], specs: Sequence[Field]) -> list[_Idea]:
    """Suggest a column by its values where no other column has values of that shape."""
    ideas = []
    for shape in TELLING:
        alone = [each for each in columns if each.shape is shape and not each.meant]
        wanting = [spec for spec in specs if fits(spec, shape)]
        if len(alone) == 1 and wanting:
            reason = Text(N_("Only by its values: they look like %(shape)s."), _shape(alone[0]))
            made = Suggestion(alone[0].name, Mark.CHECK, reason)
            ideas.append(_Idea(wanting[0].name, (0, 0.0), made))
    return ideas


def _or_another(idea: _Idea, ideas: Sequence[_Idea], taken: set[str]) -> Suggestion:
    """Ask for a check where another column is as good."""
    rivals = [
        other.made.column
        for other in ideas
        if other.field == idea.field
        and other.rank == idea.rank
        and other.made.column not in taken | {idea.made.column}
    ]
    if not rivals:
        return idea.made
    reason = Text(N_("“%(column)s” could be meant as well."), {"column": rivals[0]})
    return Suggestion(idea.made.column, Mark.CHECK, reason)


def _strange(column: Seen) -> Text:
    return Text(N_("The names fit, but the values look like %(shape)s."), _shape(column))


def _shape(column: Seen) -> dict[str, Text]:
    return {"shape": Text(LABELS[column.shape or Shape.TEXT])}


def alike(column: Seen, spec: Field) -> float:
    """Return how alike the names of a column and a field are; 1 is the same name."""
    ours = _names_of(spec)
    theirs = {_plain(column.name), _plain(column.label)} - {""}
    if ours & theirs:
        return 1.0
    return min(0.99, max((_nearness(a, b) for a in ours for b in theirs), default=0.0))


@cache
def _names_of(spec: Field) -> frozenset[str]:
    words = {spec.name.removesuffix("_id").replace("_", " "), *spec.aliases, heading(spec)}
    return frozenset(_plain(word) for word in words) | _ALSO.get(spec.name, frozenset())


@lru_cache(4096)
def _plain(name: str) -> str:
    """Fold a name, leave out what is not a letter or digit, and write short words out."""
    folded = fold("".join(c if c.isalnum() else " " for c in _apart(name)))
    words = [_WRITTEN_OUT.get(word, word) for word in folded.split()]
    return " ".join(word for word in words if word)


def _apart(name: str) -> str:
    """Part ``customerName`` where a capital follows a small letter."""
    return "".join(
        f" {c}" if c.isupper() and before.islower() else c
        for before, c in zip(f" {name}", name, strict=False)
    )


def _nearness(ours: str, theirs: str) -> float:
    a, b = set(ours.split()), set(theirs.split())
    if len(ours) > 2 and (a <= b or (b <= a and len(b) > 1)):
        return 0.9 + 0.09 * len(a & b) / len(a | b)
    if len(ours) < 4 or len(theirs) < 4:
        return 0.0
    matcher = SequenceMatcher(None, ours, theirs)
    near = matcher.real_quick_ratio() >= ALIKE and matcher.quick_ratio() >= ALIKE
    return matcher.ratio() if near else 0.0


_WRITTEN_OUT = {
    "acc": "account", "acct": "account", "addr": "address", "cust": "customer",
    "tel": "phone", "telephone": "phone", "mail": "email", "nr": "number", "no": "number",
    "num": "number", "zipcode": "postal code", "zip": "postal code", "postcode": "postal code",
    "ph": "phone", "lim": "limit", "terr": "territory", "pmt": "payment",
    "ship": "shipping", "to": "", "of": "", "de": "", "du": "", "d": "",
}  # fmt: skip

_ALSO: dict[str, frozenset[str]] = {
    "name": frozenset({
        "nom", "raison sociale", "client", "company name", "account name", "compte", "societe",
        "entreprise", "nom client", "nom compte", "nom societe",
    }),
    "number": frozenset({
        "numero", "code client", "numero client", "customer id", "n client", "number client",
        "numero compte", "code compte", "n compte", "account code",
    }),
    "phone": frozenset({"phone number", "phone 1"}),
    "fax": frozenset({"telecopie"}),
    "email": frozenset({"e mail", "courriel", "email address", "adresse email"}),
    "website": frozenset({"web site", "web address", "site web", "homepage", "url"}),
    "owner_id": frozenset({"sales rep", "rep", "salesperson", "account manager", "commercial"}),
    "billing_street": frozenset({"rue", "adresse", "address 1", "address line 1", "street 1"}),
    "billing_street2": frozenset({"address 2", "address line 2", "street 2"}),
    "billing_city": frozenset({"ville"}),
    "billing_state": frozenset({"etat", "province", "county"}),
    "billing_postal_code": frozenset({"code postal", "cp"}),
    "billing_country": frozenset({"pays"}),
    "bill_to_id": frozenset({
        "bill to customer", "bill to account", "bill to number", "bill to code", "invoice to",
        "payer", "sold to payer", "facture a", "client facture", "payeur",
    }),
    "ship_to_id": frozenset({
        "ship to customer", "ship to account", "ship to number", "ship to code", "deliver to",
        "livre a", "client livre", "destinataire",
    }),
    "terms": frozenset({"payment terms", "conditions paiement"}),
    "tax_id": frozenset({"vat", "vat number", "vat id", "numero tva", "tva"}),
    "credit_limit": frozenset({"limite credit", "encours autorise"}),
    "active": frozenset({"is active", "actif"}),
    "first_name": frozenset({"prenom", "forename"}),
    "last_name": frozenset({"nom famille", "surname"}),
    "job_title": frozenset({"title", "position", "function", "fonction", "poste"}),
    "roles": frozenset({"role", "contact role", "contact roles", "role contact"}),
    "mobile": frozenset({"cell", "cell phone", "mobile phone", "portable"}),
    "kind": frozenset({"type", "activity type", "type activite"}),
    "subject": frozenset({"title", "topic", "objet", "sujet"}),
    "happens_at": frozenset({
        "date", "when", "at", "start", "start date", "due", "due date", "activity date",
        "date heure", "quand", "debut", "echeance", "date echeance", "date activite",
    }),
    "length_minutes": frozenset({"length", "duration", "minutes", "duree", "duree minutes"}),
    "contact_id": frozenset({"contact person", "contact name", "person"}),
    "notes": frozenset({"comment", "comments", "remarks", "commentaire", "remarques"}),
}  # fmt: skip
"""What sources call the same thing, folded, in English and French."""
