"""Worlds for feeds: who the customers are in truth, what was typed here, what their ERP says.

Each case is a short story of a few customers on two days; many of them share one ERP, so that they
are in each other's way. Nobody but the oracle sees which customer a row or an account is.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from itertools import count
from random import Random
from typing import Any

TOWNS = [(f"{number:02}{number * 7 % 90 + 10}0", f"Town {number}") for number in range(10, 60)]
TRADES = ("Transports", "Boulangerie", "Bolts", "Logistics", "Garage", "Imprimerie", "Foods")
SURNAMES = ("Martin", "Bernard", "Dubois", "Durand", "Dupont", "Dupond", "Moreau", "Morel")
SURNAMES += ("Lefebvre", "Lefevre", "Fournier", "Girard", "Giraud", "Meyer", "Meier", "Schmidt")
FORMS = ("SARL", "SAS", "Ltd", "GmbH", "")
ANYBODYS = ("gmail.com", "orange.fr")
_VOWELS, _OTHERS = "aeiou", "bcdfglmnprstv"


@dataclass(frozen=True)
class Customer:
    """A customer as its ERP knows it: ``entity`` is who it is in truth."""

    entity: int
    key: str
    code: str
    name: str
    tax: str
    email: str
    phone: str
    zip: str
    city: str
    branch: str = "FR"

    def row(self) -> dict[str, Any]:
        names = ("code", "name", "tax", "email", "phone", "zip", "city", "branch")
        return {"id": self.key, **{name: getattr(self, name) for name in names}}


@dataclass(frozen=True)
class Typed:
    """An account that somebody typed here before its ERP knew the customer."""

    kind: str
    entity: int
    values: dict[str, Any]


@dataclass
class World:
    """What was typed, and what the ERP says on each of two days: kind of case and customer."""

    seed: int
    typed: list[Typed] = field(default_factory=list)
    days: tuple[list[tuple[str, Customer]], list[tuple[str, Customer]]] = field(
        default_factory=lambda: ([], [])
    )

    def __post_init__(self) -> None:
        self.random = Random(self.seed)
        self._entities, self._codes = count(1), count(1)
        self._names: set[tuple[str, str, tuple[str, str]]] = set()

    def tell(self, number: int, cases: Mapping[str, Callable[[Case], None]]) -> World:
        """Tell so many cases, each kind in its turn."""
        kinds = list(cases)
        for n in range(number):
            kind = kinds[n % len(kinds)]
            cases[kind](Case(self, kind))
        for day in self.days:
            self.random.shuffle(day)
        return self

    def phones(self) -> dict[str, int]:
        """Return whose each telephone is: nobody shares one."""
        there = {each.phone: each.entity for day in self.days for _kind, each in day}
        typed = {each.values.get("phone"): each.entity for each in self.typed}
        return {phone: entity for phone, entity in (there | typed).items() if phone}

    def customer(self, **more: Any) -> Customer:
        """Make somebody up."""
        chance, entity = self.random, next(self._entities)
        own, trade, (zip_, city) = self._free_name()
        words = (own, trade, chance.choice(FORMS))
        domain = f"{own.lower()}{entity}.example" if chance.random() < 0.8 else ANYBODYS[entity % 2]
        values = {
            "key": f"K{entity}",
            "code": self.code(),
            "name": " ".join(filter(None, words)),
            "tax": f"FR{entity:05}{chance.randrange(10**6):06}" if chance.random() < 0.7 else "",
            "email": f"info@{domain}",
            "phone": f"+33 {entity:08}",
            "zip": zip_,
            "city": city,
        }
        return Customer(entity, **{**values, **more})

    def _free_name(self) -> tuple[str, str, tuple[str, str]]:
        """Return a name that nobody has in that town: there are many namesakes elsewhere."""
        while True:
            chance = self.random
            own = "".join(self._syllable() for _ in range(chance.choice((2, 3)))).title()
            own = own if chance.random() < 0.6 else chance.choice(SURNAMES)
            found = own, chance.choice(TRADES), chance.choice(TOWNS)
            if found not in self._names:
                self._names.add(found)
                return found

    def other_town(self, customer: Customer) -> tuple[str, str]:
        """Return a town in which nobody else has the customer's name."""
        own, trade = customer.name.split()[:2]
        town = self.random.choice([each for each in TOWNS if (own, trade, each) not in self._names])
        self._names.add((own, trade, town))
        return town

    def code(self) -> str:
        return f"C{next(self._codes):05}"

    def _syllable(self) -> str:
        chance = self.random
        return chance.choice(_OTHERS) + chance.choice(_VOWELS) + chance.choice(("", *_OTHERS[:8]))


@dataclass(frozen=True)
class Case:
    """One case on its way into the world."""

    world: World
    kind: str

    def known(self, **more: Any) -> Customer:
        """Somebody whom the ERP has had since the first day."""
        customer = self.world.customer(**more)
        self.world.days[0].append((self.kind, customer))
        return customer

    def now(self, *customers: Customer) -> None:
        """Say what the ERP has on the second day."""
        self.world.days[1].extend((self.kind, customer) for customer in customers)

    def type(self, customer: Customer, *, number: str | None = None, typo: bool = True) -> None:
        """Type an account as people do: not all, and not all of it right."""
        chance = self.world.random
        if number is None:
            number = chance.choice(("", customer.code, *_otherwise(customer.code)))
        more = {
            "number": number,
            "tax_id": customer.tax if chance.random() < 0.6 else "",
            "email": customer.email.replace("info", "jo") if chance.random() < 0.6 else "",
            "phone": customer.phone if chance.random() < 0.6 else "",
            "billing_postal_code": customer.zip if chance.random() < 0.6 else "",
        }
        if not (more["tax_id"] or more["billing_postal_code"]):
            more["billing_postal_code"] = customer.zip
        name = _mistyped(customer.name, chance) if typo and chance.random() < 0.6 else customer.name
        values = {"name": name, **{each: text for each, text in more.items() if text}}
        self.world.typed.append(Typed(self.kind, customer.entity, values))

    def named(self, customer: Customer, **more: Any) -> Customer:
        """Somebody else who is called nearly the same, in the same town."""
        chance = self.world.random
        own, *rest = customer.name.split()
        form = rest[-1] if rest[-1] in FORMS else ""
        other = chance.choice([each for each in FORMS[:4] if each != form])
        trade = rest[0]
        name = chance.choice(
            (
                f"{own} {trade} {other}" if form else f"{own}o {trade} {other}",
                f"{own[:-1]}{'a' if own[-1] != 'a' else 'e'} {trade} {form}".strip(),
                f"{own} et Fils {trade} {form}".strip(),
            )
        )
        return self.world.customer(
            **{"name": name, "zip": customer.zip, "city": customer.city} | more
        )


def _otherwise(code: str) -> tuple[str, ...]:
    """Return other ways to write a number."""
    return f"C-{code[1:]}", f"c {code[1:]}", f"C{int(code[1:])}"


def _mistyped(name: str, chance: Random) -> str:
    """Return a name with a slip in its own word: a letter lost, twice, wrong, or two swapped."""
    own, _, rest = name.partition(" ")
    at = chance.randrange(1, len(own) - 1)
    slip = chance.choice(
        (
            own[:at] + own[at + 1 :],
            own[:at] + own[at] + own[at:],
            own[:at] + chance.choice(_OTHERS + _VOWELS) + own[at + 1 :],
            own[:at] + own[at + 1] + own[at] + own[at + 2 :],
        )
    )
    return f"{slip} {rest}"
