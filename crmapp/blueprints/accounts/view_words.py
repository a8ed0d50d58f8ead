"""What a view of the accounts asks, in words."""

from __future__ import annotations

from collections.abc import Iterator

from flask_babel import gettext as _

from crmapp.blueprints.accounts.addresses import Pairs
from crmapp.blueprints.accounts.columns import called
from crmapp.blueprints.accounts.filters import chips
from crmapp.domain.fields import is_custom
from crmapp.services import account_columns, pick_lists, view_questions
from crmapp.services import fields as field_set
from crmapp.services.account_question import Question
from crmapp.web.access import person
from crmapp.web.texts import translated


def said(pairs: Pairs) -> Iterator[str]:
    """Say conditions that cannot be asked any more, each by its field."""
    for name, value in pairs:
        if name == "sort":
            yield _order(value)
        elif name == "columns":
            gone = called(account_columns.lost(value))
            yield from [_("Column: %(name)s", name=each) for each in gone] or [_("Columns")]
        elif label := _label(name):
            yield _("%(field)s: %(value)s", field=label, value=value)
        else:
            yield _("Further conditions")


def words_of(pairs: Pairs) -> list[str]:
    """Say what a list with these arguments asks and shows, its order last."""
    standing = view_questions.standing(view_questions.written(pairs), by=person())
    question = view_questions.question_of(standing.living, by=person())
    people, teams = pick_lists.names_of_all()
    words = [chip.text for chip in chips(question, people, teams)]
    if question.deleted:
        words.append(_("Deleted accounts"))
    words += said(standing.lapsed)
    return [*words, _columns(question), _order(dict(standing.living).get("sort", "name"))]


def differences(theirs: Pairs, mine: Pairs) -> tuple[list[str], list[str]]:
    """Say what only the one list asks, and what only the other."""
    one, other = words_of(theirs), words_of(mine)
    return [word for word in one if word not in other], [word for word in other if word not in one]


def _columns(question: Question) -> str:
    if not question.columns:
        return _("Standard columns")
    return _("Columns: %(names)s", names=", ".join(called(question.columns)))


def _order(sort: str) -> str:
    column = sort.removeprefix("-")
    (label,) = called([column])
    if column == sort:
        return _("Order: %(name)s", name=label)
    return _("Order: %(name)s, descending", name=label)


def _label(name: str) -> str:
    """Return what a custom field is called, nothing for an argument of ours."""
    spec = field_set.every("account").get(name) if is_custom(name) else None
    return translated(spec.label) if spec else ""
