"""Why a row was skipped, rejected or kept, said in a sentence."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from crmapp.domain.changes import Reason
from crmapp.domain.fields import Field
from crmapp.i18n import N_, Text

SENTENCES: dict[Reason, str] = {
    Reason.CHANGED_SINCE: N_("Somebody changed this account after the plan was made."),
    Reason.GONE: N_("This account was deleted or restored in the meantime."),
    Reason.NUMBER_TAKEN: N_("Another account has the number %(number)s."),
    Reason.AMBIGUOUS: N_("It is not certain which account is meant; a person has to say."),
    Reason.BAD_VALUE: N_("%(field)s: %(problem)s"),
    Reason.NO_KEY: N_("The column that finds accounts is empty in this row."),
    Reason.DUPLICATE_KEY: N_("The source has %(key)s more than once; only the first row counts."),
    Reason.NOT_YOURS: N_("This account exists, but you may not change it."),
    Reason.DELETED_HERE: N_("This account was deleted here."),
    Reason.PEOPLE_ADDED: N_("Kept, because people added to this account since."),
    Reason.EDITED_SINCE: N_("Kept, because these values were changed since: %(fields)s."),
    Reason.KEPT_BY_SOURCE: N_("Not changed here, because %(source)s keeps it: %(fields)s."),
    Reason.EDITED_OR_KEPT: N_(
        "Kept, because these values were changed since: %(fields)s;"
        " and not changed here, because %(source)s keeps it: %(theirs)s."
    ),
    Reason.IN_SPITE_OF_SOURCE: N_(
        "%(source)s keeps this: %(fields)s. Change it there too, or its words in the CRM mapping;"
        " else it would say the old value again, and that row is rejected."
    ),
    Reason.LEFT_OUT: N_("Left out, as decided in the preview."),
    Reason.LEFT_OUT_BEFORE: N_("Left out, as somebody decided in an earlier preview."),
    Reason.LEFT_OUT_KNOWN: N_("Left out: the account exists, and only new ones are created."),
    Reason.LEFT_OUT_NEW: N_("Left out: no account is found, and only known ones are updated."),
    Reason.SAME_ACCOUNT: N_("Another row of the same source is about this account."),
    Reason.FOLLOWS: N_(
        "This account is %(key)s of the same source as well, and was that first: what that row"
        " says counts."
    ),
    Reason.ALREADY_MEANT: N_("Row %(row)s of the same source is about this account already."),
    Reason.STILL_HELD: N_("Kept, because records hold this value again or still."),
    Reason.WIDTH: N_("Cells in this row: %(count)s. Columns of the table: %(width)s."),
    Reason.BAD_TEXT: N_("The row holds characters that cannot be read, or is too long."),
    Reason.OPEN_QUOTE: N_("The line has a quotation mark that is not closed."),
    Reason.EMPTY: N_("%(column)s is empty."),
    Reason.NO_DATE: N_("%(column)s: “%(value)s” is not a date as the others are."),
    Reason.NO_NUMBER: N_("%(column)s: “%(value)s” is not a number as the others are."),
    Reason.REFUSED_THERE: N_("%(system)s refused it: %(said)s"),
    Reason.TWICE_THERE: N_("%(system)s has %(key)s more than once, but for capitals."),
    Reason.NO_CODE: N_("%(system)s gives this value no code of its own."),
    Reason.OTHER_SOURCE: N_("A source further left has %(key)s; what that says counts."),
    Reason.REPEATED: N_("A row further down says the same customer anew; the last one counts."),
    Reason.UNDONE: N_("Undone here; it is left alone until the source says something else."),
    Reason.ACCOUNT_GONE: N_("Its account was deleted after the plan was made."),
}

OF_ANY_RECORD: dict[Reason, str] = {
    Reason.CHANGED_SINCE: N_("Somebody changed this record after the plan was made."),
    Reason.GONE: N_("This record was deleted or restored in the meantime."),
    Reason.PEOPLE_ADDED: N_("Kept, because people use this record since."),
    Reason.LEFT_OUT_KNOWN: N_("Left out: the record exists, and only new ones are created."),
    Reason.LEFT_OUT_NEW: N_("Left out: no record is found, and only known ones are updated."),
    Reason.SAME_ACCOUNT: N_("Another row of the same source is about this record."),
    Reason.ALREADY_MEANT: N_("Row %(row)s of the same source is about this record already."),
}
"""Said instead where the row is not about an account: ``object`` in its values says so."""


def sentence(reason: Reason, params: Mapping[str, Any], fields: Mapping[str, Field]) -> Text:
    """Say ``reason`` with the values that a plan row or an exception keeps for it.

    Names of ``fields`` become their labels, and what is wrong with a value is a sentence itself.
    """
    said: dict[str, Any] = dict(params)
    if "problem" in params:
        said["problem"] = Text(params["problem"], dict(params.get("values") or {}))
    if "field" in params:
        said["field"] = _label(params["field"], fields)
    for each in ("fields", "theirs"):
        if each in params:
            said[each] = [_label(name, fields) for name in params[each]]
    other = OF_ANY_RECORD.get(reason) if params.get("object", "account") != "account" else None
    return Text(other or SENTENCES[reason], said)


def _label(name: str, fields: Mapping[str, Field]) -> Text:
    return Text(fields[name].label if name in fields else name)
