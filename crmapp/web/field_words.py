"""When a field or a section counts, in words: *Counts only if Account type is Customer*."""

from __future__ import annotations

from collections.abc import Sequence

from flask_babel import gettext as _

from crmapp.domain.conditions import Condition
from crmapp.services import fields
from crmapp.web.condition_words import sentence
from crmapp.web.texts import translated


def counts_if(conditions: Sequence[Condition]) -> str:
    """Say when a field or a section counts; all of the conditions must hold."""
    living = fields.of("account")
    gone = [each.field for each in conditions if each.field not in living]
    if gone:
        return _("Does not count: “%(field)s”, which decides, is retired.", field=called(gone[0]))
    said = [sentence(each, living) for each in conditions]
    if len(said) == 1:
        return _("Counts only if %(condition)s.", condition=said[0])
    return _("Counts only if %(condition)s and %(other)s.", condition=said[0], other=said[1])


def called(name: str) -> str:
    """Return the label of a field, also of a retired one."""
    spec = fields.every("account").get(name)
    return translated(spec.label) if spec else name
