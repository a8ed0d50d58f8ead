"""The objects whose records are the values of lists: terms, territories, departments and the like.

The ids are those of developer.intacct.com, the paths those of Sage's OpenAPI definitions. Intacct
has no object that holds all user-defined dimensions: each is a custom object of its own, whose key
and id are the same. This company has one, the sales channel.
"""

from __future__ import annotations

from crmapp.connectors.sandbox.intacct.catalogue import (
    ENTITY,
    NUMBER,
    STAMPS,
    STATUS,
    Object,
    Relationship,
    fields,
)


def _list(
    name: str,
    rest: str,
    labels: str,
    key: str,
    table: str,
    *relationships: Relationship,
    title: str = "",
    aliases: tuple[str, ...] = (),
    dimension: bool = False,
) -> Object:
    """Make an object with number, status and stamps; ``labels`` are ``singular, plural``."""
    label, plural = labels.split(", ")
    own = fields(f"{table.strip()}\n{STATUS}")
    ways = (*relationships, ENTITY)
    return Object(
        name, rest, label, plural, key, title or key, (*NUMBER, *own, *STAMPS), ways,
        aliases=aliases, dimension=dimension,
    )  # fmt: skip


def _parent(of: str, field: str = "PARENTID") -> Relationship:
    return Relationship("PARENT", of, field, "parent", "Parent")


ARTERM = _list("ARTERM", "accounts-receivable/term", "AR term, AR terms", "NAME", """
NAME | id | text 40 required | Name
DESCRIPTION | description | text 100 | Description
DUEDATE | due.days | integer | Due
DUEFROM | due.from | text 40 | From
DISCDATE | discount.days | integer | Discount
DISCAMOUNT | discount.amount | decimal | Discount amount
""")  # fmt: skip
TERRITORY = _list("TERRITORY", "accounts-receivable/territory", "Territory, Territories",
                  "TERRITORYID", """
TERRITORYID | id | text 20 required | Territory ID
NAME | name | text 80 required | Name
PARENTID | parent.id | text 20 >TERRITORY | Parent ID
MANAGERID | manager.id | text 20 >EMPLOYEE | Manager ID
""", _parent("TERRITORY"), Relationship("MANAGER", "EMPLOYEE", "MANAGERID", "manager", "Manager"),
                  title="NAME")  # fmt: skip
CUSTTYPE = _list("CUSTTYPE", "accounts-receivable/customer-type", "Customer type, Customer types",
                 "NAME", """
NAME | id | text 80 required | Name
PARENTNAME | parent.id | text 80 >CUSTTYPE | Parent
""", _parent("CUSTTYPE", "PARENTNAME"))  # fmt: skip
SHIPMETHOD = _list("SHIPMETHOD", "accounts-receivable/shipping-method",
                   "Shipping method, Shipping methods", "NAME", """
NAME | id | text 80 required | Name
""")  # fmt: skip
BILLING_TEMPLATE = _list("CONTRACTBILLINGTEMPLATE", "contracts/billing-template",
                         "Billing template, Billing templates", "NAME", """
NAME | id | text 80 required | Name
DESCRIPTION | description | text 200 | Description
METHOD | calculation.method | text 40 | Template type
""")  # fmt: skip
CLASS = _list("CLASS", "company-config/class", "Class, Classes", "CLASSID", """
CLASSID | id | text 20 required | Class ID
NAME | name | text 80 required | Name
DESCRIPTION | description | text 500 | Description
PARENTKEY | parent.key | integer @PARENT.RECORDNO | Parent key
PARENTID | parent.id | text 20 >CLASS | Parent ID
""", _parent("CLASS"), title="NAME", dimension=True)  # fmt: skip
DEPARTMENT = _list("DEPARTMENT", "company-config/department", "Department, Departments",
                   "DEPARTMENTID", """
DEPARTMENTID | id | text 20 required | Department ID
TITLE | name | text 80 required | Name
CUSTTITLE | reportTitle | text 80 | Title
PARENTKEY | parent.key | integer @PARENT.RECORDNO | Parent key
PARENTID | parent.id | text 20 >DEPARTMENT | Parent ID
SUPERVISORID | supervisor.id | text 20 >EMPLOYEE | Manager ID
SUPERVISORNAME | supervisor.name | text @SUPERVISOR.PERSONALINFO.CONTACTNAME | Manager name
""", _parent("DEPARTMENT"),
                   Relationship("SUPERVISOR", "EMPLOYEE", "SUPERVISORID", "supervisor", "Manager"),
                   title="TITLE", dimension=True)  # fmt: skip
EMPLOYEE = _list("EMPLOYEE", "company-config/employee", "Employee, Employees", "EMPLOYEEID", """
EMPLOYEEID | id | text 20 required | Employee ID
PERSONALINFO.CONTACTNAME | primaryContact.id | text 200 required >CONTACT | Primary contact name
CONTACTKEY | primaryContact.key | integer @CONTACT.RECORDNO | Contact key
CONTACT_NAME | name | text @CONTACT.CONTACTNAME | Name
TITLE | jobTitle | text 80 | Title
SSN | SSN | text 20 | Social security number
LOCATIONID | location.id | text 20 >LOCATION | Location ID
DEPARTMENTID | department.id | text 20 >DEPARTMENT | Department ID
BIRTHDATE | birthDate | date | Birth date
STARTDATE | startDate | date | Start date
ENDDATE | endDate | date | End date
EMPLOYEETYPE | employeeType.id | text 80 | Employee type
EMPLOYEETYPE1099TYPE | form1099.type | text 40 | Form 1099 type
GENDER | gender | text 10 | Gender
TERMINATIONTYPE | terminationType | text 20 | Termination type
CURRENCY | defaultCurrency | text 3 | Currency
PAYMETHODKEY | preferredPaymentMethod | text 20 | Preferred payment method
""", Relationship("CONTACT", "CONTACT", "PERSONALINFO.CONTACTNAME", "primaryContact", "Contact"),
                 Relationship("LOCATION", "LOCATION", "LOCATIONID", "location", "Location"),
                 Relationship("DEPARTMENT", "DEPARTMENT", "DEPARTMENTID", "department",
                              "Department"),
                 title="CONTACT_NAME", dimension=True)  # fmt: skip
LOCATION = _list("LOCATION", "company-config/location", "Location, Locations", "LOCATIONID", """
LOCATIONID | id | text 20 required | Location ID
NAME | name | text 80 required | Name
PARENTID | parent.id | text 20 >LOCATION | Parent ID
CURRENCY | baseCurrency | text 3 | Base currency
REPORTPRINTAS | reportPrintAs | text 80 | Report title
""", _parent("LOCATION"), title="NAME", dimension=True)  # fmt: skip
LOCATIONENTITY = _list("LOCATIONENTITY", "company-config/entity", "Entity, Entities",
                       "LOCATIONID", """
LOCATIONID | id | text 20 required | Entity ID
NAME | name | text 80 required | Name
REPORTPRINTAS | reportPrintAs | text 80 | Report title
SUPERVISORID | manager.id | text 20 >EMPLOYEE | Manager ID
FIRSTMONTH | firstFiscalMonth | text 20 | First fiscal month
FIRSTMONTHTAX | firstTaxMonth | text 20 | First tax month
WEEKSTART | weekStart | text 20 | Week start
FEDERALID | federalId | text 40 | Federal ID
STARTDATE | startDate | date | Start date
ENDDATE | endDate | date | End date
HAS_IE_RELATION | enableInterEntityRelationships | boolean | Inter-entity relations
CUSTOMERID | customer.id | text 20 >CUSTOMER | Customer ID
CUSTOMERNAME | customer.name | text @CUSTOMER.NAME | Customer name
VENDORID | vendor.id | text 20 | Vendor ID
VENDORNAME | vendor.name | text 100 readonly | Vendor name
CURRENCY | baseCurrency | text 3 | Base currency
TAXID | taxId | text 40 | Tax ID
ENABLELEGALCONTACT | enableLegalContact | boolean | Legal contact
LEGALNAME | legalContact.name | text 100 | Legal name
LEGALADDRESS1 | legalContact.addressLine1 | text 80 | Legal address 1
LEGALADDRESS2 | legalContact.addressLine2 | text 80 | Legal address 2
LEGALCITY | legalContact.city | text 80 | Legal city
LEGALSTATE | legalContact.state | text 40 | Legal state
LEGALZIPCODE | legalContact.postCode | text 30 | Legal postal code
LEGALCOUNTRY | legalContact.country | text 60 | Legal country
OPCOUNTRY | operatingCountry | text 60 | Operating country
ADDRESSCOUNTRYDEFAULT | defaultCountry | text 60 | Default country
""", Relationship("CUSTOMER", "CUSTOMER", "CUSTOMERID", "customer", "Customer"),
                       title="NAME")  # fmt: skip
EXCHANGE_RATE_TYPE = _list("EXCHANGERATETYPES", "company-config/exchange-rate-type",
                           "Exchange rate type, Exchange rate types", "ID", """
ID | id | text 20 required | ID
NAME | name | text 80 required | Name
DESCRIPTION | description | text 200 | Description
ISDEFAULT | isDefault | boolean | Default
""", title="NAME")  # fmt: skip
JOURNAL = _list("GLJOURNAL", "general-ledger/journal", "Journal, Journals", "SYMBOL", """
SYMBOL | id | text 20 required | Symbol
TITLE | name | text 80 required | Title
""", title="TITLE", aliases=("JOURNAL",))  # fmt: skip
PROJECTSTATUS = _list("PROJECTSTATUS", "projects/project-status",
                      "Project status, Project statuses", "NAME", """
NAME | id | text 80 required | Name
DESCRIPTION | description | text 200 | Description
""")  # fmt: skip
PROJECTTYPE = _list("PROJECTTYPE", "projects/project-type", "Project type, Project types",
                    "NAME", """
NAME | id | text 80 required | Name
PARENTNAME | parent.id | text 80 >PROJECTTYPE | Parent
""", _parent("PROJECTTYPE", "PARENTNAME"))  # fmt: skip
SOPRICELIST = _list("SOPRICELIST", "order-entry/price-list", "Price list, Price lists",
                    "NAME", """
NAME | id | text 80 required | Name
DATEFROM | startDate | date | Effective from
DATETO | endDate | date | Effective to
""")  # fmt: skip

# The fields of a custom object are its own: named as Platform Services named them.
CHANNEL = Object(
    "SALES_CHANNEL", "platform-apps/nsp::sales_channel", "Sales channel", "Sales channels",
    "id", "name",
    (
        *fields("id | id | integer readonly | Id"),
        *fields("name | name | text 100 required | Sales channel"),
        *fields("RECORDNO | key | integer readonly | Record number"),
        *fields("createdBy | createdBy | text readonly | Created By"),
        *fields("updatedBy | updatedBy | text readonly | Updated By"),
        *fields(STATUS),
        *STAMPS,
    ),
    (ENTITY,), aliases=("sales_channel",), dimension=True, custom=True,
)  # fmt: skip

LISTS = (
    ARTERM, TERRITORY, CUSTTYPE, SHIPMETHOD, BILLING_TEMPLATE, CLASS, DEPARTMENT, EMPLOYEE,
    LOCATION, LOCATIONENTITY, EXCHANGE_RATE_TYPE, JOURNAL, PROJECTSTATUS, PROJECTTYPE, SOPRICELIST,
    CHANNEL,
)  # fmt: skip
