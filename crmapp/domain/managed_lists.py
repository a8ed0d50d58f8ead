"""The lists that Sage Intacct owns and Salesforce shows as read-only pick lists.

The names of the Intacct objects are those of its XML gateway (``lookup``) and of its REST API
(developer.sage.com). It has no object that holds all user-defined dimensions: each is a custom
object of its own, named by the company, so that the one here is an example. The names in Salesforce
are those of the package's custom objects, which an installation may name differently. Both are the
starting values of a setting.
"""

from __future__ import annotations

from dataclasses import dataclass

from crmapp.i18n import N_

NAMESPACE = "ia_crm__"


@dataclass(frozen=True)
class ManagedList:
    """One managed list: where it is read from, and where it is written to.

    ``xml_key`` and ``xml_name`` are the fields of ``xml_object`` that hold a value's code and
    label, ``rest_key`` and ``rest_name`` those of ``rest_object``. ``pick_list`` is the code of
    the pick list here that receives the values.
    """

    code: str
    label: str
    xml_object: str
    xml_key: str
    xml_name: str
    rest_object: str
    rest_key: str
    rest_name: str
    salesforce_object: str
    pick_list: str


def _list(code: str, label: str, xml: str, rest: str, salesforce: str) -> ManagedList:
    """Make one of ``xml`` and ``rest`` written as ``object key name``."""
    xml_object, xml_key, xml_name = xml.split()
    rest_object, rest_key, rest_name = rest.split()
    return ManagedList(
        code, label, xml_object, xml_key, xml_name, rest_object, rest_key, rest_name,
        f"{NAMESPACE}{salesforce}__c", _PICK_LISTS.get(code, code),
    )  # fmt: skip


_PICK_LISTS = {"ar_terms": "terms", "territories": "territory", "price_lists": "price_list"}

MANAGED_LISTS: dict[str, ManagedList] = {
    each.code: each
    for each in (
        _list("ar_terms", N_("AR terms"), "ARTERM NAME NAME",
              "accounts-receivable/term id id", "AR_Term"),
        _list("billing_templates", N_("Billing templates"), "CONTRACTBILLINGTEMPLATE NAME NAME",
              "contracts/billing-template id id", "Billing_Template"),
        _list("classes", N_("Classes"), "CLASS CLASSID NAME",
              "company-config/class id name", "Class"),
        _list("departments", N_("Departments"), "DEPARTMENT DEPARTMENTID TITLE",
              "company-config/department id name", "Department"),
        _list("employees", N_("Employees"), "EMPLOYEE EMPLOYEEID CONTACT.CONTACTNAME",
              "company-config/employee id name", "Employee"),
        _list("locations", N_("Entities and locations"), "LOCATION LOCATIONID NAME",
              "company-config/location id name", "Location"),
        _list("exchange_rate_types", N_("Exchange-rate types"), "EXCHANGERATETYPES ID NAME",
              "company-config/exchange-rate-type id name", "Exchange_Rate_Type"),
        _list("journals", N_("Journals"), "GLJOURNAL SYMBOL TITLE",
              "general-ledger/journal id name", "Journal"),
        _list("project_statuses", N_("Project statuses"), "PROJECTSTATUS NAME NAME",
              "projects/project-status id id", "Project_Status"),
        _list("project_types", N_("Project types"), "PROJECTTYPE NAME NAME",
              "projects/project-type id id", "Project_Type"),
        _list("user_dimensions", N_("User-defined dimensions"), "sales_channel id name",
              "platform-apps/nsp::sales_channel id name", "User_Dimension"),
        _list("territories", N_("Territories"), "TERRITORY TERRITORYID NAME",
              "accounts-receivable/territory id name", "Territory"),
        _list("customer_types", N_("Customer types"), "CUSTTYPE NAME NAME",
              "accounts-receivable/customer-type id id", "Customer_Type"),
        _list("shipping_methods", N_("Shipping methods"), "SHIPMETHOD NAME NAME",
              "accounts-receivable/shipping-method id id", "Shipping_Method"),
        _list("price_lists", N_("Price lists"), "SOPRICELIST NAME NAME",
              "order-entry/price-list id id", "Price_List"),
    )
}  # fmt: skip

# The fields of a list object in Salesforce, named after the package's User Dimension object.
VALUE_ID = f"{NAMESPACE}IntacctID__c"  # unique external id: the value's code in Intacct
VALUE_TYPE = f"{NAMESPACE}Type__c"  # for filtered pick lists
VALUE_ENTITY = f"{NAMESPACE}Entity__c"
VALUE_HIDDEN = f"{NAMESPACE}Hidden__c"  # true once the value is deactivated
