"""Why a row was skipped, rejected or kept, said in a sentence."""

from __future__ import annotations

from crmapp.domain.changes import Reason
from crmapp.i18n import N_

SENTENCES: dict[Reason, str] = {
    Reason.CHANGED_SINCE: N_("Somebody changed this account after the plan was made."),
    Reason.GONE: N_("This account was deleted or restored after the plan was made."),
    Reason.NUMBER_TAKEN: N_("Another account has the number %(number)s."),
    Reason.AMBIGUOUS: N_("%(count)s accounts could be meant. Say which one, then run again."),
    Reason.BAD_VALUE: N_("%(field)s: %(problem)s"),
    Reason.NO_KEY: N_("The column that finds accounts is empty in this row."),
    Reason.DUPLICATE_KEY: N_("The source has %(key)s more than once; only the first row counts."),
    Reason.NOT_YOURS: N_("This account exists, but you may not change it."),
    Reason.DELETED_HERE: N_("This account was deleted here."),
    Reason.PEOPLE_ADDED: N_("Kept, because people added to this account since."),
    Reason.EDITED_SINCE: N_("Kept, because these values were changed since: %(fields)s."),
}
