"""The kinds of cases of which worlds for feeds are made."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace

from tests.support.feed_worlds import Case, World

# --- customers whom the ERP has had since the first day -------------------------------------------


def _unchanged(case: Case) -> None:
    case.now(case.known())


def _renumbered(case: Case) -> None:
    case.now(replace(case.known(), code=case.world.code()))


def _renamed(case: Case) -> None:
    case.now(replace(case.known(), name=case.world.customer().name))


def _moved(case: Case) -> None:
    before = case.known()
    zip_, city = case.world.other_town(before)
    case.now(replace(before, zip=zip_, city=city))


def _merged(case: Case) -> None:
    stays, goes = case.known(), case.known()
    case.now(replace(stays, name=goes.name))


def _merged_into_the_others_number(case: Case) -> None:
    stays, goes = case.known(), case.known()
    case.now(replace(stays, code=goes.code))


def _split(case: Case) -> None:
    whole = case.known()
    case.now(whole, case.named(whole, tax=whole.tax, email=whole.email))


def _swapped(case: Case) -> None:
    one, other = case.known(), case.known()
    case.now(replace(one, code=other.code), replace(other, code=one.code))


def _in_a_ring(case: Case) -> None:
    three = [case.known() for _ in range(3)]
    codes = [each.code for each in three]
    case.now(*(replace(c, code=code) for c, code in zip(three, codes[1:] + codes[:1], strict=True)))


def _in_a_chain(case: Case) -> None:
    chain = [case.known() for _ in range(case.world.random.randrange(2, 7))]
    codes = [*(each.code for each in chain[1:]), case.world.code()]
    case.now(*(replace(each, code=code) for each, code in zip(chain, codes, strict=True)))


def _number_passed_on(case: Case) -> None:
    before = case.known()
    case.now(replace(before, code=case.world.code()), case.world.customer(code=before.code))


def _number_used_again(case: Case) -> None:
    gone = case.known()
    case.now(case.world.customer(code=gone.code))


def _key_anew(case: Case) -> None:
    before = case.known()
    case.now(replace(before, key=f"N{before.entity}"))


def _key_is_the_number(case: Case) -> None:
    before = case.known(tax=f"DE{case.world.random.randrange(10**9)}")
    case.now(replace(before, key=f"N{before.entity}", code=case.world.code()))


def _key_twice(case: Case) -> None:
    mine = case.known()
    case.now(mine, case.world.customer(key=mine.key))


def _number_twice(case: Case) -> None:
    mine = case.known()
    case.now(mine, case.world.customer(code=mine.code))


def _new(case: Case) -> None:
    case.now(case.world.customer())


# --- customers who were typed here before their ERP had them --------------------------------------


def _typed(case: Case) -> None:
    customer = case.world.customer()
    case.type(customer)
    case.now(customer)


def _typed_then_renumbered(case: Case) -> None:
    customer = case.world.customer()
    case.type(customer, number=case.world.code())
    case.now(customer)


def _typed_then_swapped(case: Case) -> None:
    one, other = case.world.customer(), case.world.customer()
    case.type(one, number=other.code)
    case.type(other, number=one.code)
    case.now(one, other)


def _typed_then_in_a_chain(case: Case) -> None:
    chain = [case.world.customer() for _ in range(3)]
    for before, after in zip(chain, chain[1:], strict=False):
        case.type(before, number=after.code)
    case.type(chain[-1], number=case.world.code())
    case.now(*chain)


def _typed_then_renamed(case: Case) -> None:
    customer = case.world.customer(tax=f"DE{case.world.random.randrange(10**9)}")
    case.type(replace(customer, name=case.world.customer().name), number=customer.code)
    case.now(customer)


def _typed_then_moved(case: Case) -> None:
    customer = case.world.customer()
    zip_, city = case.world.other_town(customer)
    case.type(replace(customer, zip=zip_, city=city))
    case.now(customer)


def _typed_then_merged(case: Case) -> None:
    stays, goes = case.world.customer(), case.world.customer()
    case.type(stays)
    case.type(goes)
    case.now(stays)


def _typed_then_split(case: Case) -> None:
    whole = case.world.customer()
    case.type(whole)
    case.now(whole, case.named(whole, tax=whole.tax, email=whole.email))


def _stranger(case: Case) -> None:
    mine = case.world.customer()
    case.type(mine, typo=False)
    case.now(case.named(mine))


def _stranger_and_mine(case: Case) -> None:
    mine = case.world.customer()
    case.type(mine, typo=False)
    case.now(mine, case.named(mine))


def _branch(case: Case) -> None:
    mine = case.world.customer(tax=f"DE{case.world.random.randrange(10**9)}")
    zip_, city = case.world.other_town(mine)
    case.type(mine, number="", typo=False)
    case.world.typed[-1].values["billing_postal_code"] = mine.zip  # else nobody could tell
    case.now(
        case.world.customer(name=mine.name, tax=mine.tax, email=mine.email, zip=zip_, city=city)
    )


def _group_with_one_tax_id(case: Case) -> None:
    mine = case.world.customer(tax=f"DE{case.world.random.randrange(10**9)}")
    case.type(mine)
    case.now(case.world.customer(tax=mine.tax))


def _two_companies(case: Case) -> None:
    here = case.world.customer()
    there = case.world.customer(code=here.code, branch="UK")
    if case.world.random.random() < 0.5:
        case.type(here)
    case.now(here, there)


CASES: dict[str, Callable[[Case], None]] = {
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
        yield World(seed).tell(min(batch, cases - first), CASES)
