"""The fields of each record, in the order in which people meet them."""

from __future__ import annotations

from crmapp.domain.attachments import ATTACHMENT_FIELDS
from crmapp.domain.fields import Field, Kind
from crmapp.domain.pick_lists import PICK_LIST_FIELDS, REMOTE_FIELDS, THERE, VALUE_FIELDS
from crmapp.i18n import N_

GROUP_MAIN = N_("Account")
GROUP_PEOPLE = N_("Responsibility")
GROUP_BILLING = N_("Billing address")
GROUP_SHIPPING = N_("Shipping address")
GROUP_TRADE = N_("Trade")
GROUP_MORE = N_("More")


def _address(prefix: str, group: str) -> list[Field]:
    """Return the six lines of an address; a source's plain words mean the billing address."""
    plain = prefix == "billing"

    def words(*aliases: str) -> frozenset[str]:
        return frozenset(aliases if plain else (f"shipping {alias}" for alias in aliases))

    texts = [
        ("street", N_("Street"), N_("Street and house number."), words("address", "street")),
        ("street2", N_("Street, second line"), N_("Building, floor, department."), words()),
        ("city", N_("City"), N_("Town or city, without postal code."), words("city", "town")),
        ("state", N_("State or region"), N_("Where addresses have one."), words("state", "region")),
        (
            "postal_code",
            N_("Postal code"),
            N_("As the post writes it; leading zeros are kept."),
            words("postal code", "postcode", "zip"),
        ),
        ("country", N_("Country"), N_("The country's name."), words("country")),
    ]
    return [
        Field(name=f"{prefix}_{name}", label=label, help=help_, group=group, aliases=aliases)
        for name, label, help_, aliases in texts
    ]


ACCOUNT_FIELDS: dict[str, Field] = {
    spec.name: spec
    for spec in [
        Field(
            name="name",
            label=N_("Name"),
            help=N_("The company's name, as you would write it on an invoice."),
            required=True,
            group=GROUP_MAIN,
            aliases=frozenset({"customer", "customer name", "account", "company"}),
        ),
        Field(
            name="number",
            label=N_("Number"),
            help=N_("The customer's code in the ERP. Leave it empty for a prospect."),
            group=GROUP_MAIN,
            max_length=60,
            aliases=frozenset({"code", "customer code", "customer number", "account number"}),
        ),
        Field(
            name="phone",
            label=N_("Phone"),
            help=N_("Head-office phone number, with the country code if you have it."),
            kind=Kind.PHONE,
            group=GROUP_MAIN,
            max_length=60,
            aliases=frozenset({"telephone"}),
        ),
        Field(
            name="fax",
            label=N_("Fax"),
            help=N_("Fax number, where one is still in use."),
            kind=Kind.PHONE,
            group=GROUP_MAIN,
            max_length=60,
        ),
        Field(
            name="email",
            label=N_("E-mail"),
            help=N_("General address of the company; people's addresses belong to contacts."),
            kind=Kind.EMAIL,
            group=GROUP_MAIN,
            aliases=frozenset({"email", "mail"}),
        ),
        Field(
            name="website",
            label=N_("Website"),
            help=N_("The company's web address."),
            kind=Kind.URL,
            group=GROUP_MAIN,
            aliases=frozenset({"url", "web"}),
        ),
        Field(
            name="owner_id",
            label=N_("Owner"),
            help=N_("Who looks after this account. Owners always see and edit their accounts."),
            kind=Kind.USER,
            group=GROUP_PEOPLE,
        ),
        Field(
            name="team_id",
            label=N_("Team"),
            help=N_("The team whose members see and edit this account."),
            kind=Kind.TEAM,
            group=GROUP_PEOPLE,
        ),
        Field(
            name="territory",
            label=N_("Territory"),
            help=N_("The sales territory that the account belongs to."),
            kind=Kind.PICK_LIST,
            pick_list="territory",
            group=GROUP_PEOPLE,
        ),
        Field(
            name="location",
            label=N_("Location"),
            help=N_("Where the company is, in a word; shown in the list."),
            group=GROUP_MAIN,
        ),
        *_address("billing", GROUP_BILLING),
        *_address("shipping", GROUP_SHIPPING),
        Field(
            name="payment_status",
            label=N_("Payment status"),
            help=N_("Whether the account pays in time."),
            kind=Kind.PICK_LIST,
            pick_list="payment_status",
            group=GROUP_TRADE,
        ),
        Field(
            name="contact_method",
            label=N_("Contact method"),
            help=N_("How the company prefers to be reached."),
            kind=Kind.PICK_LIST,
            pick_list="contact_method",
            group=GROUP_PEOPLE,
        ),
        Field(
            name="account_type",
            label=N_("Account type"),
            help=N_("What kind of company it is to you."),
            kind=Kind.PICK_LIST,
            pick_list="account_type",
            group=GROUP_TRADE,
        ),
        Field(
            name="terms",
            label=N_("Terms"),
            help=N_("Payment terms agreed with the account."),
            kind=Kind.PICK_LIST,
            pick_list="terms",
            group=GROUP_TRADE,
        ),
        Field(
            name="price_list",
            label=N_("Price list"),
            help=N_("The price list that applies to the account."),
            kind=Kind.PICK_LIST,
            pick_list="price_list",
            group=GROUP_TRADE,
        ),
        Field(
            name="credit_limit",
            label=N_("Credit limit"),
            help=N_("How much the account may owe, in your currency."),
            kind=Kind.MONEY,
            group=GROUP_TRADE,
        ),
        Field(
            name="tax_id",
            label=N_("Tax id"),
            help=N_("VAT or tax registration number."),
            group=GROUP_TRADE,
            max_length=60,
        ),
        Field(
            name="parent_id",
            label=N_("Parent account"),
            help=N_("The number or name of the account this one belongs to, e.g. a head office."),
            kind=Kind.ACCOUNT,
            mappable=False,
            group=GROUP_MORE,
        ),
        Field(
            name="bill_to_id",
            label=N_("Bill to"),
            help=N_(
                "The number or name of the account that gets the invoices. Leave it empty if this"
                " one gets its own."
            ),
            kind=Kind.ACCOUNT,
            group=GROUP_MORE,
        ),
        Field(
            name="ship_to_id",
            label=N_("Ship to"),
            help=N_(
                "The number or name of the account that gets the goods. Leave it empty if this one"
                " gets its own."
            ),
            kind=Kind.ACCOUNT,
            group=GROUP_MORE,
        ),
        Field(
            name="primary_contact_id",
            label=N_("Primary contact"),
            help=N_("The person you deal with most, one of the account’s contacts."),
            kind=Kind.CONTACT,
            mappable=False,
            group=GROUP_MORE,
        ),
        Field(
            name="tags",
            label=N_("Tags"),
            help=N_("Your own words, separated by commas."),
            kind=Kind.TAGS,
            group=GROUP_MORE,
        ),
        Field(
            name="active",
            label=N_("Active"),
            help=N_("Untick when you no longer deal with the company."),
            kind=Kind.YES_NO,
            group=GROUP_MORE,
        ),
        Field(
            name="notes",
            label=N_("Notes"),
            help=N_("What colleagues should know."),
            kind=Kind.LONG_TEXT,
            group=GROUP_MORE,
        ),
    ]
}

ALWAYS_REQUIRED = tuple(name for name, spec in ACCOUNT_FIELDS.items() if spec.required)
"""Fields of an account that no installation can do without; it may require more."""

CONTACT_FIELDS: dict[str, Field] = {
    spec.name: spec
    for spec in [
        Field(name="first_name", label=N_("First name"), help=N_("Given name.")),
        Field(name="last_name", label=N_("Last name"), help=N_("Family name."), required=True),
        Field(
            name="job_title",
            label=N_("Job title"),
            help=N_("What the person does there."),
            kind=Kind.PICK_LIST,
            pick_list="job_title",
        ),
        Field(
            name="roles",
            label=N_("Roles"),
            help=N_("What to turn to the person for: one role or several."),
            kind=Kind.MULTI_PICK_LIST,
            pick_list="contact_role",
        ),
        Field(
            name="phone",
            label=N_("Phone"),
            help=N_("Direct line."),
            kind=Kind.PHONE,
            max_length=60,
        ),
        Field(
            name="mobile",
            label=N_("Mobile"),
            help=N_("Mobile phone number."),
            kind=Kind.PHONE,
            max_length=60,
        ),
        Field(
            name="email",
            label=N_("E-mail"),
            help=N_("The person's own address."),
            kind=Kind.EMAIL,
        ),
        Field(
            name="active",
            label=N_("Active"),
            help=N_("Untick when the person has left; the history stays."),
            kind=Kind.YES_NO,
        ),
        Field(
            name="notes",
            label=N_("Notes"),
            help=N_("What colleagues should know."),
            kind=Kind.LONG_TEXT,
        ),
    ]
}

ACTIVITY_FIELDS: dict[str, Field] = {
    spec.name: spec
    for spec in [
        Field(
            name="kind",
            label=N_("Kind"),
            help=N_("Call, meeting, task, note or e-mail."),
            required=True,
        ),
        Field(name="subject", label=N_("Subject"), help=N_("What it is about."), required=True),
        Field(
            name="call_type",
            label=N_("Call type"),
            help=N_("What the call was for."),
            kind=Kind.PICK_LIST,
            pick_list="call_type",
        ),
        Field(
            name="status",
            label=N_("Status"),
            help=N_("How far it has come."),
            kind=Kind.PICK_LIST,
            pick_list="status",
        ),
        Field(
            name="happens_at",
            label=N_("Date and time"),
            help=N_("When it took place, or when it is due."),
            kind=Kind.MOMENT,
            required=True,
        ),
        Field(
            name="length_minutes",
            label=N_("Length (minutes)"),
            help=N_("How long it takes; 60 minutes if nothing is entered."),
            kind=Kind.LENGTH,
        ),
        Field(
            name="contact_id",
            label=N_("Contact"),
            help=N_("The person it was with."),
            kind=Kind.CONTACT,
        ),
        Field(
            name="owner_id",
            label=N_("Owner"),
            help=N_("Who does it."),
            kind=Kind.USER,
        ),
        Field(
            name="remind_minutes",
            label=N_("Reminder (minutes before)"),
            help=N_("When its owner gets an e-mail about it."),
            kind=Kind.REMINDER,
        ),
        Field(
            name="notes",
            label=N_("Notes"),
            help=N_("What was said, and what comes next."),
            kind=Kind.LONG_TEXT,
        ),
    ]
}

FIELDS: dict[str, dict[str, Field]] = {
    "account": ACCOUNT_FIELDS,
    "contact": CONTACT_FIELDS,
    "activity": ACTIVITY_FIELDS,
    "attachment": ATTACHMENT_FIELDS,
    "pick_list": PICK_LIST_FIELDS,
    "pick_list_value": VALUE_FIELDS,
    THERE: REMOTE_FIELDS,
}

_OWNER = Field(name="account_id", label=N_("Account"), help="", kind=Kind.ACCOUNT)
_HEIR = Field(name="replaced_by", label=N_("Merged into"), help="", kind=Kind.ACCOUNT)
BELONGING: dict[str, dict[str, Field]] = {
    "account": {_HEIR.name: _HEIR},
    "contact": {_OWNER.name: _OWNER},
    "activity": {_OWNER.name: _OWNER},
    "attachment": {_OWNER.name: _OWNER},
}
"""What a record belongs to: nobody fills it in on a form, but a merge changes it."""
