"""Worlds for feeds: who the customers are in truth, what was typed here, what their ERP says.

Each case is a short story of a few customers on two days; many of them share one ERP, so that they
are in each other's way. Nobody but the oracle sees which customer a row or an account is.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace
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
    company: str = "FR"

    def row(self) -> dict[str, Any]:
        names = ("code", "name", "tax", "email", "phone", "zip", "city", "company")
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

    def tell(self, cases: int) -> World:
        """Tell so many cases, each kind in its turn."""
        kinds = list(CASES)
        for n in range(cases):
            kind = kinds[n % len(kinds)]
            CASES[kind](_Case(self, kind))
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

    def code(self) -> str:
        return f"C{next(self._codes):05}"

    def _syllable(self) -> str:
        chance = self.random
        return chance.choice(_OTHERS) + chance.choice(_VOWELS) + chance.choice(("", *_OTHERS[:8]))


@dataclass(frozen=True)
class _Case:
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
        number = (
            chance.choice(("", customer.code, *_otherwise(customer.code)))[:]
            if (number is None)
            else number
        )
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


# --- customers whom the ERP has had since the first day -------------------------------------------


def _unchanged(case: _Case) -> None:
    case.now(case.known())


def _renumbered(case: _Case) -> None:
    case.now(replace(case.known(), code=case.world.code()))


def _renamed(case: _Case) -> None:
    case.now(replace(case.known(), name=case.world.customer().name))


def _moved(case: _Case) -> None:
    zip_, city = case.world.random.choice(TOWNS)
    case.now(replace(case.known(), zip=zip_, city=city))


def _merged(case: _Case) -> None:
    stays, goes = case.known(), case.known()
    case.now(replace(stays, name=goes.name))


def _merged_into_the_others_number(case: _Case) -> None:
    stays, goes = case.known(), case.known()
    case.now(replace(stays, code=goes.code))


def _split(case: _Case) -> None:
    whole = case.known()
    case.now(whole, case.named(whole, tax=whole.tax, email=whole.email))


def _swapped(case: _Case) -> None:
    one, other = case.known(), case.known()
    case.now(replace(one, code=other.code), replace(other, code=one.code))


def _in_a_ring(case: _Case) -> None:
    three = [case.known() for _ in range(3)]
    codes = [each.code for each in three]
    case.now(*(replace(c, code=code) for c, code in zip(three, codes[1:] + codes[:1], strict=True)))


def _in_a_chain(case: _Case) -> None:
    chain = [case.known() for _ in range(case.world.random.randrange(2, 7))]
    codes = [*(each.code for each in chain[1:]), case.world.code()]
    case.now(*(replace(each, code=code) for each, code in zip(chain, codes, strict=True)))


def _number_passed_on(case: _Case) -> None:
    before = case.known()
    case.now(replace(before, code=case.world.code()), case.world.customer(code=before.code))


def _number_used_again(case: _Case) -> None:
    gone = case.known()
    case.now(case.world.customer(code=gone.code))


def _key_anew(case: _Case) -> None:
    before = case.known()
    case.now(replace(before, key=f"N{before.entity}"))


def _key_is_the_number(case: _Case) -> None:
    before = case.known(tax=f"DE{case.world.random.randrange(10**9)}")
    case.now(replace(before, key=f"N{before.entity}", code=case.world.code()))


def _key_twice(case: _Case) -> None:
    mine = case.known()
    case.now(mine, case.world.customer(key=mine.key))


def _number_twice(case: _Case) -> None:
    mine = case.known()
    case.now(mine, case.world.customer(code=mine.code))


def _new(case: _Case) -> None:
    case.now(case.world.customer())


# --- customers who were typed here before their ERP had them --------------------------------------


def _typed(case: _Case) -> None:
    customer = case.world.customer()
    case.type(customer)
    case.now(customer)


def _typed_then_renumbered(case: _Case) -> None:
    customer = case.world.customer()
    case.type(customer, number=case.world.code())
    case.now(customer)


def _typed_then_swapped(case: _Case) -> None:
    one, other = case.world.customer(), case.world.customer()
    case.type(one, number=other.code)
    case.type(other, number=one.code)
    case.now(one, other)


def _typed_then_in_a_chain(case: _Case) -> None:
    chain = [case.world.customer() for _ in range(3)]
    for before, after in zip(chain, chain[1:], strict=False):
        case.type(before, number=after.code)
    case.type(chain[-1], number=case.world.code())
    case.now(*chain)


def _typed_then_renamed(case: _Case) -> None:
    customer = case.world.customer(tax=f"DE{case.world.random.randrange(10**9)}")
    case.type(replace(customer, name=case.world.customer().name), number=customer.code)
    case.now(customer)


def _typed_then_moved(case: _Case) -> None:
    customer = case.world.customer()
    zip_, city = case.world.random.choice(TOWNS)
    case.type(replace(customer, zip=zip_, city=city))
    case.now(customer)


def _typed_then_merged(case: _Case) -> None:
    stays, goes = case.world.customer(), case.world.customer()
    case.type(stays)
    case.type(goes)
    case.now(stays)


def _typed_then_split(case: _Case) -> None:
    whole = case.world.customer()
    case.type(whole)
    case.now(whole, case.named(whole, tax=whole.tax, email=whole.email))


def _stranger(case: _Case) -> None:
    mine = case.world.customer()
    case.type(mine, typo=False)
    case.now(case.named(mine))


def _stranger_and_mine(case: _Case) -> None:
    mine = case.world.customer()
    case.type(mine, typo=False)
    case.now(mine, case.named(mine))


def _branch(case: _Case) -> None:
    mine = case.world.customer(tax=f"DE{case.world.random.randrange(10**9)}")
    zip_, city = case.world.random.choice([town for town in TOWNS if town[0] != mine.zip])
    case.type(mine, number="", typo=False)
    case.world.typed[-1].values["billing_postal_code"] = mine.zip  # else nobody could tell
    case.now(
        case.world.customer(name=mine.name, tax=mine.tax, email=mine.email, zip=zip_, city=city)
    )


def _group_with_one_tax_id(case: _Case) -> None:
    mine = case.world.customer(tax=f"DE{case.world.random.randrange(10**9)}")
    case.type(mine)
    case.now(case.world.customer(tax=mine.tax))


def _two_companies(case: _Case) -> None:
    here = case.world.customer()
    there = case.world.customer(code=here.code, company="UK")
    if case.world.random.random() < 0.5:
        case.type(here)
    case.now(here, there)


CASES: dict[str, Callable[[_Case], None]] = {
    "unchanged": _unchanged,
    "new": _new,
    "renumbered": _renumbered,
    "renamed": _renamed,
    "moved": _moved,
    "merged": _merged,
    "merged into the other's number": _merged_into_the_others_number,
    "split": _split,
    "swapped numbers": _swapped,
    "numbers in a ring": _in_a_ring,
    "numbers in a chain": _in_a_chain,
    "number passed on": _number_passed_on,
    "number used again": _number_used_again,
    "key anew": _key_anew,
    "renumbered, the number is the key": _key_is_the_number,
    "key twice": _key_twice,
    "number twice": _number_twice,
    "typed": _typed,
    "typed, then renumbered": _typed_then_renumbered,
    "typed, then swapped": _typed_then_swapped,
    "typed, then in a chain": _typed_then_in_a_chain,
    "typed, then renamed": _typed_then_renamed,
    "typed, then moved": _typed_then_moved,
    "typed, then merged": _typed_then_merged,
    "typed, then split": _typed_then_split,
    "stranger of nearly the same name": _stranger,
    "stranger of nearly the same name, and the one who was typed": _stranger_and_mine,
    "branch of the same firm": _branch,
    "another firm with the same tax id": _group_with_one_tax_id,
    "the same number in two companies": _two_companies,
}


def worlds(cases: int, batch: int) -> Iterator[World]:
    """Yield worlds that hold so many cases between them."""
    for seed, first in enumerate(range(0, cases, batch)):
        yield World(seed).tell(min(batch, cases - first))
