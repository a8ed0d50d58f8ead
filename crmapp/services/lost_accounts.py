"""What a list asks of accounts that are not there for its reader: no account meets it."""

from __future__ import annotations

from crmapp.domain.conditions import Condition, Operator
from crmapp.domain.fields import Kind
from crmapp.errors import Invalid
from crmapp.i18n import N_, Text
from crmapp.models import User
from crmapp.services import account_conditions, condition_links, fields
from crmapp.services.account_fields import EMPTY
from crmapp.services.account_question import Question


def of(question: Question, *, by: User) -> list[Condition]:
    """Return the conditions that name an account which was deleted, or is not open to ``by``.

    So is one that is called otherwise now, where it is named as somebody typed it.
    """
    asked = [each for group in question.where for each in group.conditions]
    asked += [Condition(*pair) for pair in _own(question)]
    specs = fields.of("account") if asked else {}
    links = {name for name, spec in specs.items() if spec.kind is Kind.ACCOUNT}
    named = [each for each in asked if each.field in links and each.values]
    texts = {text.strip() for each in named for text in each.values}
    found = condition_links.meant(texts, by=by) if named else {}
    return [each for each in named if not all(found.get(text.strip()) for text in each.values)]


def _own(question: Question) -> list[tuple[str, Operator, tuple[str, ...]]]:
    """Return the filters by custom fields as if they were built."""
    return [(name, Operator.IS, (text,)) for name, text in question.fields if text != EMPTY]


def refuse(question: Question, *, by: User) -> None:
    """Refuse a question that no account meets, as a program cannot be shown why.

    Raises:
        Invalid: it names an account that is not there.
    """
    lost = of(question, by=by)
    if not lost:
        return
    label = Text(account_conditions.known()[lost[0].field].label)
    problem = Text(
        N_("%(field)s: %(problem)s"), {"field": label, "problem": Text(account_conditions.NONE)}
    )
    built = any(lost[0] in group.conditions for group in question.where)
    raise Invalid({"where" if built else lost[0].field: problem}, problem)
