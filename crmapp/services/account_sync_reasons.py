"""Why it is not certain which records an account is, so that a person has to say it."""

from __future__ import annotations

from crmapp.i18n import N_

SHARED = N_("Several accounts here have the number %(number)s; only one can be the customer.")
VANISHED = N_("The linked record is not in Salesforce any more. Link another one, or unlink it.")
TWICE = N_("Several records in Salesforce have the Intacct ID %(number)s. Link the right one.")
TAKEN = N_(
    "The record in Salesforce with the Intacct ID %(number)s is linked to another account. Link the"
    " right one."
)
RENUMBERED = N_(
    "The customer of this account is %(customer)s in Intacct, where ids never change, and there is"
    " none with the number %(number)s. Enter the number of a customer."
)
OTHER_CASE = N_(
    "To Salesforce, %(number)s is the same Intacct ID as %(other)s. Link the right record, or"
    " change the number."
)
GONE = N_("The customer %(number)s is not in Intacct any more. Enter the number of another one.")
UNLINKED = N_("A person unlinked this record of Salesforce: link another one, or link it again.")
