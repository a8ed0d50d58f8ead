"""The pretend org: recorded standard objects, fields of a developer org and of the package."""

from __future__ import annotations

from crmapp.connectors.sandbox.salesforce.fields import (
    borrowed,
    custom_object,
    cut,
    extended,
    recorded,
    system_fields,
)
from crmapp.connectors.sandbox.salesforce.schema import Field, SObject, sobject
from crmapp.domain.managed_lists import (
    MANAGED_LISTS,
    NAMESPACE,
    VALUE_ENTITY,
    VALUE_HIDDEN,
    VALUE_ID,
    VALUE_TYPE,
    ManagedList,
)

# The relations of the recorded org's own fields carry no suffix there, and would clash.
_ODD = {"Primary_Contact__c": "Primary_Contact__r", "ns__LinkedAccount__c": "ns__LinkedAccount__r"}
_UNIQUE = {"externalId": True, "unique": True, "length": 80}


def objects() -> dict[str, SObject]:
    """Return the org's objects by name in lower case."""
    standard = [
        extended(_named_relations(sobject(recorded("Account"))), _account_fields()),
        sobject(recorded("Contact")),
        sobject(recorded("Lead")),
        sobject(recorded("Opportunity")),
        _users(),
        _profiles(),
        _record_types(),
        _organisation(),
    ]
    lists = [_list(number, each) for number, each in enumerate(MANAGED_LISTS.values())]
    return {each.name.lower(): each for each in (*standard, *lists)}


def _named_relations(account: SObject) -> SObject:
    renamed = [
        Field({**each.raw, "relationshipName": _ODD[each.name]})
        for each in account.fields.values()
        if each.name in _ODD
    ]
    return extended(account, renamed)


def _account_fields() -> list[Field]:
    return [*_developer_org(), *_package(), *_examples()]


def _developer_org() -> list[Field]:
    """Return the fields of Account that every new developer org has."""
    return [
        cut("CustomerPriority__c", "picklist", "Customer Priority", length=255,
            values=("High", "Low", "Medium")),
        cut("SLA__c", "picklist", "SLA", length=255,
            values=("Gold", "Silver", "Platinum", "Bronze")),
        cut("Active__c", "picklist", "Active", length=255, values=("No", "Yes")),
        cut("NumberofLocations__c", "double", "Number of Locations", precision=3),
        cut("UpsellOpportunity__c", "picklist", "Upsell Opportunity", length=255,
            values=("Maybe", "No", "Yes")),
        cut("SLASerialNumber__c", "string", "SLA Serial Number", length=10),
        cut("SLAExpirationDate__c", "date", "SLA Expiration Date"),
    ]  # fmt: skip


def _package() -> list[Field]:
    """Return the fields that the package for Sage Intacct adds to Account."""
    status = f"{NAMESPACE}Intacct_Sync_Status__c"
    return [
        cut(f"{NAMESPACE}IntacctID__c", "string", "Intacct Id", **_UNIQUE),
        cut(f"{NAMESPACE}Sync_With_Intacct__c", "boolean", "Sync with Intacct"),
        cut(f"{NAMESPACE}Synced_With_Intacct_Date__c", "datetime", "Synced with Intacct Date"),
        cut(status, "picklist", "Intacct Sync Status", length=255, restrictedPicklist=True,
            values=("Not synchronized", "In progress", "Success", "Failure")),
        cut(f"{NAMESPACE}Intacct_Sync_Errors__c", "textarea", "Intacct Sync Errors"),
        cut(f"{NAMESPACE}Intacct_Sync_Status_Image__c", "string", "Intacct Sync Status Image",
            length=1300, htmlFormatted=True,
            calculatedFormula=f'IMAGE("/img/samples/" & TEXT({status}) & ".gif", TEXT({status}))',
            formula=f"""'<img src="/img/samples/' || "{status}" || '.gif" alt="' || "{status}" """
                    """|| '" border="0"/>'"""),
    ]  # fmt: skip


def _examples() -> list[Field]:
    """Return a field of each type that a page shows in its own way, and a key that may repeat."""
    return [
        cut("Notes_Rich__c", "richtext", "Account Notes"),
        cut("Interests__c", "multipicklist", "Interests",
            values=("Classic Cars", "Motorcycles", "Planes", "Ships", "Trains")),
        cut("Discount__c", "percent", "Discount", precision=5, scale=2),
        cut("Credit_Limit__c", "currency", "Credit Limit", precision=18, scale=2,
            inlineHelpText="What the customer may owe before orders are held."),
        cut("Catalogue__c", "url", "Catalogue", length=255),
        cut("Invoice_Email__c", "email", "Invoice E-mail"),
        cut("Last_Visit__c", "datetime", "Last Visit"),
        cut("Opens_At__c", "time", "Opens at"),
        cut("Legacy_Number__c", "string", "Legacy Number", length=40, externalId=True),
        cut("Is_Reseller__c", "boolean", "Reseller"),
        cut("Segment__c", "picklist", "Segment", length=255, restrictedPicklist=True,
            values=("Retail", "Wholesale", "Museum")),
        cut("Main_Contact__c", "reference", "Main Contact", referenceTo=["Contact"]),
        cut("Warehouse__Latitude__s", "double", "Warehouse (Latitude)", precision=18, scale=15,
            compoundFieldName="Warehouse__c"),
        cut("Warehouse__Longitude__s", "double", "Warehouse (Longitude)", precision=18, scale=15,
            compoundFieldName="Warehouse__c"),
        cut("Warehouse__c", "location", "Warehouse", createable=False, updateable=False),
    ]  # fmt: skip


def _list(number: int, managed: ManagedList) -> SObject:
    """Make the object that holds the values of a managed list."""
    label = f"Intacct {managed.label}"
    fields = [
        *borrowed("Account", "Id", "OwnerId", "IsDeleted"),
        cut("Name", "string", f"{label} Name", length=80, nameField=True, idLookup=True,
            permissionable=False),
        *system_fields(),
        cut(VALUE_ID, "string", "Intacct Id", **_UNIQUE),
        cut(VALUE_TYPE, "string", "Type", length=255),
        cut(VALUE_ENTITY, "string", "Intacct Entity", length=255),
        cut(VALUE_HIDDEN, "boolean", "Hidden"),
    ]  # fmt: skip
    return custom_object(managed.salesforce_object, label, label, f"a{number:02}", fields)


def _users() -> SObject:
    fields = [
        *borrowed("Account", "Id"),
        cut("Username", "string", "Username", nillable=False, idLookup=True, length=80),
        *borrowed("Contact", "LastName", "FirstName", "Name"),
        cut("Alias", "string", "Alias", nillable=False, length=8),
        cut("IsActive", "boolean", "Active"),
        cut("ProfileId", "reference", "Profile ID", referenceTo=["Profile"]),
        cut("UserType", "picklist", "User Type", createable=False, updateable=False,
            values=("Standard", "PowerPartner", "CsnOnly", "Guest")),
        cut("TimeZoneSidKey", "picklist", "Time Zone", restrictedPicklist=True,
            values=("Europe/Paris", "Europe/London", "America/New_York", "GMT")),
        cut("LocaleSidKey", "picklist", "Locale", values=("en_US", "fr_FR", "en_GB")),
        cut("LanguageLocaleKey", "picklist", "Language", values=("en_US", "fr")),
        *borrowed("Contact", "Email", "Title", "Department", "Phone", "MobilePhone"),
        *system_fields(),
    ]  # fmt: skip
    return custom_object("User", "User", "Users", "005", fields, custom=False, deletable=False)


def _profiles() -> SObject:
    fields = [
        *borrowed("Account", "Id"),
        cut("Name", "string", "Name", nameField=True, length=255),
        cut("UserType", "string", "User Type", length=40),
        *system_fields(),
    ]
    shut = {"custom": False, "createable": False, "updateable": False, "deletable": False}
    return custom_object("Profile", "Profile", "Profiles", "00e", fields, **shut)


def _record_types() -> SObject:
    fields = [
        *borrowed("Account", "Id"),
        cut("Name", "string", "Name", nameField=True, length=80),
        cut("DeveloperName", "string", "Record Type Name", length=80),
        cut("SobjectType", "picklist", "SObject Type Name", values=("Account",)),
        cut("IsActive", "boolean", "Active"),
        *system_fields(),
    ]
    shut = {"custom": False, "createable": False, "updateable": False, "deletable": False}
    return custom_object("RecordType", "Record Type", "Record Types", "012", fields, **shut)


def _organisation() -> SObject:
    fields = [
        *borrowed("Account", "Id"),
        cut("Name", "string", "Name", nameField=True, length=80),
        cut("Country", "string", "Country", length=80),
        cut("OrganizationType", "string", "Edition", length=40),
        cut("InstanceName", "string", "Instance Name", length=5),
        cut("NamespacePrefix", "string", "Namespace Prefix", length=15),
        cut("IsSandbox", "boolean", "Is Sandbox"),
        cut("TimeZoneSidKey", "string", "Time Zone", length=40),
        cut("DefaultLocaleSidKey", "string", "Locale", length=40),
        cut("LanguageLocaleKey", "string", "Language", length=40),
        *system_fields(),
    ]
    shut = {"custom": False, "createable": False, "updateable": False, "deletable": False}
    return custom_object("Organization", "Organization", "Organizations", "00D", fields, **shut)
