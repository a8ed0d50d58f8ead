"""The rows that every field map between a Salesforce account and an Intacct customer has.

The names in Intacct are those of ``CUSTOMER`` in its XML gateway and of
``accounts-receivable/customer`` in its REST API (developer.intacct.com, developer.sage.com). Those
with a namespace in Salesforce are fields of the package; where an installation lacks one, its row
rests until the field is there.
"""

from __future__ import annotations

from enum import StrEnum

from crmapp.domain.field_rules import Blank, FieldRule, Lock, Rules, Sync
from crmapp.domain.managed_lists import NAMESPACE, VALUE_ID

ACCOUNT = "Account"


class Dialect(StrEnum):
    """By which of its interfaces Intacct is spoken with; each names fields otherwise."""

    XML = "intacct_xml"
    REST = "intacct_rest"


CUSTOMER = {Dialect.XML: "CUSTOMER", Dialect.REST: "accounts-receivable/customer"}
CUSTOMER_ID = {Dialect.XML: "CUSTOMERID", Dialect.REST: "id"}
INTACCT_ID = VALUE_ID
"""The field of Salesforce that holds a record's id in Intacct, of accounts as of list values."""

_ADDRESS = ("DISPLAYCONTACT.MAILADDRESS.", "contacts.default.mailingAddress.")
_CONTACT = ("DISPLAYCONTACT.", "contacts.default.")
# code, lock, direction, the two names in Intacct, the name in Salesforce, the lookup object
_ROWS = (
    ("customer_id", "*", Sync.FROM, "CUSTOMERID", "id", INTACCT_ID, ""),
    ("name", "*", Sync.BOTH, "NAME", "name", "Name", ""),
    ("terms", "", Sync.FROM, "TERMNAME", "term.id",
     f"{NAMESPACE}AR_Term__c", f"{NAMESPACE}AR_Term__c"),
    ("territory", "", Sync.FROM, "TERRITORYID", "territory.id",
     f"{NAMESPACE}Territory__c", f"{NAMESPACE}Territory__c"),
    ("type", "", Sync.FROM, "CUSTTYPE", "customerType.id",
     f"{NAMESPACE}Customer_Type__c", f"{NAMESPACE}Customer_Type__c"),
    ("shipping_method", "", Sync.FROM, "SHIPPINGMETHOD", "shippingMethod.id",
     f"{NAMESPACE}Shipping_Method__c", f"{NAMESPACE}Shipping_Method__c"),
    ("parent", "", Sync.FROM, "PARENTID", "parent.id", "ParentId", ACCOUNT),
    ("phone", "", Sync.BOTH, f"{_CONTACT[0]}PHONE1", f"{_CONTACT[1]}phone1", "Phone", ""),
    ("fax", "", Sync.BOTH, f"{_CONTACT[0]}FAX", f"{_CONTACT[1]}fax", "Fax", ""),
    ("email", "", Sync.BOTH, f"{_CONTACT[0]}EMAIL1", f"{_CONTACT[1]}email1",
     f"{NAMESPACE}Email_ID__c", ""),
    ("website", "", Sync.BOTH, f"{_CONTACT[0]}URL1", f"{_CONTACT[1]}URL1", "Website", ""),
    ("street", "", Sync.BOTH, f"{_ADDRESS[0]}ADDRESS1", f"{_ADDRESS[1]}addressLine1",
     "BillingStreet", ""),
    ("city", "", Sync.BOTH, f"{_ADDRESS[0]}CITY", f"{_ADDRESS[1]}city", "BillingCity", ""),
    ("state", "", Sync.BOTH, f"{_ADDRESS[0]}STATE", f"{_ADDRESS[1]}state", "BillingState", ""),
    ("postal_code", "", Sync.BOTH, f"{_ADDRESS[0]}ZIP", f"{_ADDRESS[1]}postCode",
     "BillingPostalCode", ""),
    ("country", "", Sync.BOTH, f"{_ADDRESS[0]}COUNTRY", f"{_ADDRESS[1]}country",
     "BillingCountry", ""),
    ("total_due", "!", Sync.FROM, "TOTALDUE", "totalDue", f"{NAMESPACE}Total_Due__c", ""),
    ("last_invoice", "!", Sync.FROM, "LAST_INVOICEDATE", "lastInvoiceCreatedDate",
     f"{NAMESPACE}Last_Invoice_Date__c", ""),
)  # fmt: skip

CONTACT_FIELDS = {
    f"{_CONTACT[1]}phone1": ("phone", "Primary phone"),
    f"{_CONTACT[1]}fax": ("phone", "Fax"),
    f"{_CONTACT[1]}email1": ("email", "Primary email address"),
    f"{_CONTACT[1]}URL1": ("url", "Primary URL"),
    f"{_ADDRESS[1]}addressLine1": ("text", "Address line 1"),
    f"{_ADDRESS[1]}city": ("text", "City"),
    f"{_ADDRESS[1]}state": ("text", "State or territory"),
    f"{_ADDRESS[1]}postCode": ("text", "Zip or postal code"),
    f"{_ADDRESS[1]}country": ("text", "Country"),
}
"""Fields of a customer's contact → kind and label.

REST reads and writes them with the customer, but describes only the reference to the contact.
"""


def standard_rows(dialect: Dialect) -> Rules:
    """Return the standard rows as they are until people change them."""
    return tuple(
        FieldRule(
            rest if dialect is Dialect.REST else xml,
            salesforce,
            sync,
            blank=Blank.CLEAR if lock == Lock.FORMULA else Blank.LEAVE,
            lookup=lookup,
            code=code,
            lock=Lock(lock),
        )
        for code, lock, sync, xml, rest, salesforce, lookup in _ROWS
    )
