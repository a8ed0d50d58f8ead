"""What a new org holds: its people, the demo's customers, and the values of managed lists."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime

from crmapp.connectors.sandbox.salesforce import ids
from crmapp.connectors.sandbox.salesforce.apps import USERNAME
from crmapp.connectors.sandbox.salesforce.database import ORG_ID, USER_ID, Database
from crmapp.connectors.sandbox.salesforce.records import Writer
from crmapp.connectors.sandbox.salesforce.schema import SObject
from crmapp.connectors.sandbox.salesforce.values import Stored, stamp
from crmapp.connectors.sandbox.seed import Customer, customers
from crmapp.domain.managed_lists import MANAGED_LISTS, NAMESPACE, VALUE_ID, VALUE_TYPE

_PEOPLE = (
    ("Integration", "User", USERNAME),
    ("Rita", "Rep", "rita@demo.example"),
    ("Ron", "Rep", "ron@demo.example"),
    ("Mona", "Manager", "mona@demo.example"),
)
_AMERICAS = ("USA", "Canada")
_SLAS = ("Gold", "Silver", "Platinum", "Bronze")
_PRIORITIES = ("High", "Medium", "Low")
_MASTER, _HOUSEHOLD = "012000000000000AAA", "012Sb0000000001AAA"


def seed(database: Database, now: datetime | None = None) -> None:
    """Fill a new org; one that was filled before is left alone."""
    if database.meta("seeded"):
        return
    now = now or datetime.now(UTC)
    people = _people(database, now)
    _org(database, now)
    _accounts(database, now, people)
    _territories(database, now)
    database.described_at = stamp(now)
    database.keep("described_at", database.described_at)
    database.keep("seeded", stamp(now))


def _people(database: Database, now: datetime) -> list[str]:
    made = []
    with database.store.writing() as connection:
        profiles = Writer(database, connection, database.objects["profile"], now)
        profile = profiles.put({"Name": "Standard User", "UserType": "Standard"})
        writer = Writer(database, connection, database.objects["user"], now)
        for number, (first, last, username) in enumerate(_PEOPLE, 1):
            person: dict[str, Stored] = {
                "Username": username,
                "Email": username,
                "FirstName": first,
                "LastName": last,
                "Alias": f"{first[0]}{last}"[:8].lower(),
                "IsActive": 1,
                "ProfileId": profile,
                "UserType": "Standard",
                "TimeZoneSidKey": "Europe/Paris",
                "LocaleSidKey": "en_US",
                "LanguageLocaleKey": "en_US",
            }
            made.append(writer.put(person, ids.made("005", number)))
    return made


def _org(database: Database, now: datetime) -> None:
    with database.store.writing() as connection:
        organisation = Writer(database, connection, database.objects["organization"], now)
        company: dict[str, Stored] = {
            "Name": "Scale Model Distribution",
            "Country": "US",
            "OrganizationType": "Developer Edition",
            "InstanceName": "SBX1",
            "IsSandbox": 1,
            "TimeZoneSidKey": "Europe/Paris",
            "DefaultLocaleSidKey": "en_US",
            "LanguageLocaleKey": "en_US",
        }
        organisation.put(company, ORG_ID)
        types = Writer(database, connection, database.objects["recordtype"], now)
        for id, name in ((_MASTER, "Master"), (_HOUSEHOLD, "Household")):
            type: dict[str, Stored] = {
                "Name": name, "DeveloperName": name, "SobjectType": "Account", "IsActive": 1,
            }  # fmt: skip
            types.put(type, id)


def _accounts(database: Database, now: datetime, people: Sequence[str]) -> None:
    with database.store.writing() as connection:
        accounts = Writer(database, connection, database.objects["account"], now)
        contacts = Writer(database, connection, database.objects["contact"], now)
        for place, customer in enumerate(customers()):
            owner = people[2] if customer.country in _AMERICAS else people[1]
            account = accounts.put(_account(place, customer, owner, now))
            if customer.last_name:
                contact: dict[str, Stored] = {
                    "AccountId": account, "FirstName": customer.first_name,
                    "LastName": customer.last_name, "Phone": customer.phone, "OwnerId": owner,
                }  # fmt: skip
                contacts.put(contact)


def _account(place: int, customer: Customer, owner: str, now: datetime) -> dict[str, Stored]:
    return {
        "Name": customer.name,
        "AccountNumber": customer.number,
        f"{NAMESPACE}IntacctID__c": customer.number,
        f"{NAMESPACE}Sync_With_Intacct__c": 1,
        f"{NAMESPACE}Synced_With_Intacct_Date__c": stamp(now),
        f"{NAMESPACE}Intacct_Sync_Status__c": "Success",
        "Phone": customer.phone,
        "BillingStreet": customer.street,
        "BillingCity": customer.city,
        "BillingState": customer.state,
        "BillingPostalCode": customer.postal_code,
        "BillingCountry": customer.country,
        "Type": "Customer - Direct",
        "Industry": "Retail",
        "OwnerId": owner,
        "AnnualRevenue": 250_000.0 * (place % 17 + 1),
        "CustomerPriority__c": _PRIORITIES[place % 3],
        "SLA__c": _SLAS[place % 4],
        "Active__c": "Yes",
        "NumberofLocations__c": float(place % 6 + 1),
        "Discount__c": float(place % 5) * 2.5,
        "Credit_Limit__c": 10_000.0 * (place % 9 + 1),
        "Interests__c": "Classic Cars;Ships" if place % 2 else "Motorcycles",
        "Notes_Rich__c": f"<p>Number <b>{customer.number}</b> of the demo.</p>",
        "Segment__c": "Retail",
    }


def _territories(database: Database, now: datetime) -> None:
    """Put the territories of the customers into their managed list."""
    found = sorted({each.territory for each in customers() if each.territory})
    object: SObject = database.objects[MANAGED_LISTS["territories"].salesforce_object.lower()]
    with database.store.writing() as connection:
        writer = Writer(database, connection, object, now, USER_ID)
        for name in found:
            value: dict[str, Stored] = {"Name": name, VALUE_ID: name, VALUE_TYPE: "Territory"}
            writer.put(value)
