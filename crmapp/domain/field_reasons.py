"""Why a field was written, left or held: what is said to people about it."""

from __future__ import annotations

from crmapp.domain.field_rules import Side
from crmapp.i18n import N_, Text

EQUAL = Text(N_("Both sides say the same."))
OWNER = {
    Side.INTACCT: Text(N_("The row goes to Sage Intacct, which says something else.")),
    Side.SALESFORCE: Text(N_("The row goes to Salesforce, which says something else.")),
}
NEW = Text(N_("There is no record on that side yet: this is what it begins with."))
BLANK = Text(N_("It is empty, and an empty value leaves the other side as it is."))
NO_SOURCE = Text(N_("There is no record to read it from."))
NEEDED = Text(N_("It is empty, but required on the other side."))
CLEARED = Text(N_("It is empty, and an empty value empties the other side."))
SET_ONCE = Text(N_("The field can be set on a new record only."))
OFF = Text(N_("The row is inactive."))
RESTS = Text(N_("One of the two fields is not there."))
GONE = N_(
    "%(system)s has no field %(field)s any more, or hides it, so that what was changed stays where"
    " it is. Read the fields anew, or set the row inactive."
)
FIRST = Text(N_("Only one side has a value: the other one takes it."))
CHANGED = {
    Side.INTACCT: Text(N_("It was changed in Salesforce only.")),
    Side.SALESFORCE: Text(N_("It was changed in Sage Intacct only.")),
}
WON = {
    Side.INTACCT: Text(N_("The sides differ, and by the row Salesforce is right.")),
    Side.SALESFORCE: Text(N_("The sides differ, and by the row Sage Intacct is right.")),
}
ASK = Text(N_("The sides differ, and by the row a person decides. Make them the same on one."))
AS_ACCEPTED = Text(N_("Neither side was changed since it was accepted as it is."))
CHANGED_HERE = Text(N_("It was changed here only."))
WON_HERE = Text(N_("The sides differ, and what was entered here comes first."))
OWNER_HERE = Text(N_("The row comes from Sage Intacct, and the account here says something else."))
BEHIND = Text(N_("One side did not take it before: it is tried again."))
