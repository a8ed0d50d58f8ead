"""The dimensions PROJECT and ITEM, which use the lists of projects and products."""

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

_PROJECT_FIELDS = f"""
PROJECTID | id | text 20 required | Project ID
NAME | name | text 100 required | Project name
DESCRIPTION | description | text 500 | Description
CURRENCY | projectCurrency | text 3 | Currency
PROJECTCATEGORY | category | text 40 | Project category
PROJECTSTATUS | projectStatus.id | text 80 >PROJECTSTATUS | Project status
PROJECTTYPE | projectType.id | text 80 >PROJECTTYPE | Project type
PARENTKEY | parent.key | integer @PARENT.RECORDNO | Parent key
PARENTID | parent.id | text 20 >PROJECT | Parent ID
PARENTNAME | parent.name | text @PARENT.NAME | Parent name
CUSTOMERKEY | customer.key | integer @CUSTOMER.RECORDNO | Customer key
CUSTOMERID | customer.id | text 20 >CUSTOMER | Customer ID
CUSTOMERNAME | customer.name | text @CUSTOMER.NAME | Customer name
DEPARTMENTID | department.id | text 20 >DEPARTMENT | Department ID
DEPARTMENTNAME | department.name | text @DEPARTMENT.TITLE | Department name
LOCATIONID | location.id | text 20 >LOCATION | Location ID
LOCATIONNAME | location.name | text @LOCATION.NAME | Location name
BEGINDATE | startDate | date | Begin date
ENDDATE | endDate | date | End date
BUDGETID | budget.id | text 40 | GL budget ID
{STATUS}
"""
PROJECT = Object(
    "PROJECT", "projects/project", "Project", "Projects", "PROJECTID", "NAME",
    (*NUMBER, *fields(_PROJECT_FIELDS), *STAMPS),
    (
        Relationship("PARENT", "PROJECT", "PARENTID", "parent", "Parent"),
        Relationship("CUSTOMER", "CUSTOMER", "CUSTOMERID", "customer", "Customer"),
        Relationship("PROJECTTYPE", "PROJECTTYPE", "PROJECTTYPE", "projectType", "Project type"),
        Relationship("PROJECTSTATUS", "PROJECTSTATUS", "PROJECTSTATUS", "projectStatus",
                     "Project status"),
        Relationship("DEPARTMENT", "DEPARTMENT", "DEPARTMENTID", "department", "Department"),
        Relationship("LOCATION", "LOCATION", "LOCATIONID", "location", "Location"),
        ENTITY,
    ),
    dimension=True,
)  # fmt: skip

_ITEM_FIELDS = f"""
ITEMID | id | text 30 required | Item ID
NAME | name | text 80 required | Item name
ITEMTYPE | itemType | enum | Item type | Inventory=inventory; Non-Inventory=nonInventory; Kit=kit
PRODUCTLINEID | productLine.id | text 40 | Product line ID
GLGROUP | glGroup.id | text 80 | GL group
EXTENDED_DESCRIPTION | extendedDescription | text 4000 | Extended description
MRR | enableMonthlyRecurringRevenue | boolean | Monthly recurring revenue
{STATUS}
"""
ITEM = Object(
    "ITEM", "inventory-control/item", "Item", "Items", "ITEMID", "NAME",
    (*NUMBER, *fields(_ITEM_FIELDS), *STAMPS), (ENTITY,), dimension=True,
)  # fmt: skip
