"""The rules by which rows find accounts, in the order of this installation."""

from __future__ import annotations

from collections.abc import Collection, Sequence

from sqlalchemy import select, update

from crmapp.db import session, unit_of_work
from crmapp.domain.matching import LADDER, Rule
from crmapp.domain.permissions import Right
from crmapp.errors import Forbidden, Invalid
from crmapp.i18n import N_
from crmapp.models import MatchQuestion, MatchRule, User
from crmapp.services import audit

RIGHT = Right.INTEGRATION_MANAGE


def every() -> list[MatchRule]:
    """Return all rules, first come first, also those that are switched off."""
    return list(session.scalars(select(MatchRule).order_by(MatchRule.position, MatchRule.code)))


def ladder() -> list[Rule]:
    """Return the rules that count, in their order."""
    return [Rule(each.code) for each in every() if each.active and each.code in LADDER]


def save(order: Sequence[str], active: Collection[str], *, by: User) -> None:
    """Set the order of the rules, and which of them count.

    Raises:
        Forbidden: ``by`` lacks the right.
        Invalid: a rule is missing, there twice, or not known.
    """
    if not by.can(RIGHT):
        raise Forbidden(RIGHT)
    if sorted(order) != sorted(LADDER) or not set(active) <= set(LADDER):
        raise Invalid({"": N_("The rules have changed since. Reload the page and try again.")})
    with unit_of_work():
        for rule in every():
            rule.position, rule.active = order.index(rule.code), rule.code in active
        session.execute(update(MatchQuestion).values(again=True))
        audit.note("match_rules", by=by, about="rules", order=[*order], active=sorted(active))
