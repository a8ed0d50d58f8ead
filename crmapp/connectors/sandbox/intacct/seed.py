"""What the company begins with: the demo's customers and lists that agree with them."""

from __future__ import annotations

import sqlite3
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

from crmapp.connectors.sandbox import seed as shared
from crmapp.connectors.sandbox.intacct.catalogue import Object
from crmapp.connectors.sandbox.intacct.customer import CONTACT, CUSTOMER
from crmapp.connectors.sandbox.intacct.objects import OBJECTS
from crmapp.connectors.sandbox.intacct.records import insert_many
from crmapp.connectors.sandbox.intacct.values import moment

BEGAN = datetime(2024, 1, 8, 9, 0, tzinfo=UTC)
# Each list: the fields of its rows, then the rows, divided by semicolons and bars.
_LISTS: dict[str, tuple[str, str]] = {
    "LOCATIONENTITY": (
        "LOCATIONID NAME CURRENCY FIRSTMONTH OPCOUNTRY HAS_IE_RELATION",
        "100|Model Distribution Inc.|USD|January|United States|;"
        "200|Model Distribution Europe|EUR|January|France|",
    ),
    "LOCATION": (
        "LOCATIONID NAME PARENTID CURRENCY",
        "100|Model Distribution Inc.||USD; 200|Model Distribution Europe||EUR;"
        "110|San Francisco|100|USD; 120|Boston|100|USD; 210|Paris|200|EUR; 220|London|200|GBP;"
        "130|Sydney|100|AUD; 140|Tokyo|100|JPY",
    ),
    "DEPARTMENT": (
        "DEPARTMENTID TITLE PARENTID",
        "10|Sales|; 11|Inside sales|10; 12|Field sales|10; 20|Marketing|; 30|Operations|;"
        "31|Warehouse|30; 40|Finance|; 50|Customer service|",
    ),
    "CLASS": (
        "CLASSID NAME DESCRIPTION PARENTID",
        "CARS|Cars|Classic and vintage cars|; BIKES|Motorcycles||; PLANES|Planes||;"
        "SHIPS|Ships||; TRAINS|Trains||; TRUCKS|Trucks and buses||; VINT|Vintage cars||CARS",
    ),
    "ARTERM": (
        "NAME DESCRIPTION DUEDATE DUEFROM DISCDATE DISCAMOUNT",
        "Due on receipt|Due on receipt|0|of invoice/bill date||;"
        "Net 15|Net 15 days|15|of invoice/bill date||;"
        "Net 30|Net 30 days|30|of invoice/bill date||;"
        "Net 45|Net 45 days|45|of invoice/bill date||;"
        "Net 60|Net 60 days|60|of invoice/bill date||;"
        "2% 10 Net 30|2 % within 10 days, net 30|30|of invoice/bill date|10|2.00",
    ),
    "CUSTTYPE": (
        "NAME PARENTNAME",
        "Retail|; Wholesale|; Online shop|Retail; Museum shop|Retail; Key account|Wholesale",
    ),
    "SHIPMETHOD": ("NAME", "Ground; Air; Sea freight; Courier; Customer pick-up"),
    "SOPRICELIST": (
        "NAME DATEFROM DATETO",
        "Base Price List|2024-01-01|; Europe Price List|2024-01-01|;"
        "Asia Pacific Price List|2024-01-01|; Key Account Price List|2024-01-01|2030-12-31",
    ),
    "CONTRACTBILLINGTEMPLATE": (
        "NAME DESCRIPTION METHOD",
        "Monthly|Twelve equal parts|Predefined percentages;"
        "Half and half|50 % at order, 50 % at delivery|Predefined percentages;"
        "On completion|All at the end|Predefined percentages",
    ),
    "EXCHANGERATETYPES": (
        "ID NAME DESCRIPTION ISDEFAULT",
        "1|Monthly average||; 2|Month end||; 3|Budget rate|Fixed for a year|",
    ),
    "GLJOURNAL": (
        "SYMBOL TITLE",
        "APJ|Accounts payable journal; ARJ|Accounts receivable journal;"
        "CRJ|Cash receipts journal; GJ|General journal; PYRJ|Payroll journal",
    ),
    "PROJECTSTATUS": (
        "NAME DESCRIPTION",
        "Not Started|; In Progress|; On Hold|Waiting for the customer; Completed|",
    ),
    "PROJECTTYPE": (
        "NAME PARENTNAME",
        "Consulting|; Shop fitting|; Internal|; Training|Consulting",
    ),
    "SALES_CHANNEL": ("name", "Direct; Distributor; Web; Trade fair"),
}  # fmt: skip
_DIMENSIONS: dict[str, tuple[str, str]] = {
    "PROJECT": (
        "PROJECTID NAME PROJECTCATEGORY PROJECTTYPE PROJECTSTATUS DEPARTMENTID LOCATIONID",
        "P1|Shop window 2026|Contract|Shop fitting|In Progress|10|210;"
        "P2|Catalogue training|Contract|Training|Not Started|50|110;"
        "P3|Warehouse move|Internal|Internal|Completed|31|120",
    ),
    "ITEM": (
        "ITEMID NAME ITEMTYPE PRODUCTLINEID",
        "S10_1678|1969 Harley Davidson Ultimate Chopper|Inventory|Motorcycles;"
        "S10_1949|1952 Alpine Renault 1300|Inventory|Classic Cars;"
        "S18_3232|1992 Ferrari 360 Spider red|Inventory|Classic Cars;"
        "FREIGHT|Freight|Non-Inventory|Services",
    ),
}  # fmt: skip
_TERRITORIES = (
    ("NA", "North America", "ron"),
    ("EMEA", "Europe, Middle East and Africa", "rita"),
    ("APAC", "Asia Pacific", "akiko"),
    ("Japan", "Japan", "akiko"),
)
_EMPLOYEES = (
    ("ron", "Ron", "Rep", "Sales representative", "110"),
    ("rita", "Rita", "Rep", "Sales representative", "210"),
    ("akiko", "Akiko", "Rep", "Sales representative", "140"),
    ("mona", "Mona", "Manager", "Sales manager", "110"),
)
_PRICE_LISTS = {"EMEA": "Europe Price List", "APAC": "Asia Pacific Price List",
                "Japan": "Asia Pacific Price List"}  # fmt: skip
_CURRENCIES = {"UK": "GBP", "Japan": "JPY", "Australia": "AUD", "USA": "USD", "Canada": "CAD"}
_TIERS = ("Gold", "Silver", "Bronze")


def plant(connection: sqlite3.Connection) -> None:
    """Fill an empty file; one that holds anything is left as it is."""
    if connection.execute("SELECT 1 FROM record LIMIT 1").fetchone() is not None:
        return
    for name, (ids, rows) in _LISTS.items():
        _insert(connection, OBJECTS[name], [_row(ids, each) for each in rows.split(";")])
    # One that belongs to an entity: the top level sees it only with ``showprivate``.
    private = {"DEPARTMENTID": "60", "TITLE": "Paris showroom", "entity": "200"}
    _insert(connection, OBJECTS["DEPARTMENT"], [private])
    _employees(connection)
    _insert(connection, OBJECTS["TERRITORY"], [
        {"TERRITORYID": id, "NAME": name, "MANAGERID": manager}
        for id, name, manager in _TERRITORIES
    ])  # fmt: skip
    _customers(connection, shared.customers())
    for name, (ids, rows) in _DIMENSIONS.items():
        _insert(connection, OBJECTS[name], [_row(ids, each) for each in rows.split(";")])


def grow(connection: sqlite3.Connection, object: Object, count: int, at: str) -> int:
    """Add ``count`` records at once, as if they had been made at ``at``; return how many.

    They are called by their numbers (``Z000123``); a customer comes with its display contact.
    """
    last = _last(connection, object)
    ids = [f"Z{last + place:06}" for place in range(1, count + 1)]
    rows: list[dict[str, Any]] = [
        {object.key: id, object.title: f"{object.label} {id}"} | {object.key: id} for id in ids
    ]
    if object.name == CUSTOMER.name:
        first = _last(connection, CONTACT) + 1
        names = [
            {"CONTACTNAME": f"Customer {id}(C{id})", "PRINTAS": f"Customer {id}"} for id in ids
        ]
        insert_many(connection, CONTACT, names, at=at)
        for place, row in enumerate(rows):
            row |= {"ENTITY": f"C{ids[place]}", "DISPLAYCONTACTKEY": first + place}
    insert_many(connection, object, rows, at=at)
    return len(rows)


def _last(connection: sqlite3.Connection, object: Object) -> int:
    sql = "SELECT last FROM numbering WHERE object = ?"
    row = connection.execute(sql, [object.name]).fetchone()
    return int(row["last"]) if row is not None else 0


def _row(ids: str, text: str) -> dict[str, Any]:
    cells = [cell.strip() for cell in text.split("|")]
    row: dict[str, Any] = {id: cell for id, cell in zip(ids.split(), cells, strict=True) if cell}
    return row | {id: int(row[id]) for id in ("DUEDATE", "DISCDATE") if id in row}


def _insert(
    connection: sqlite3.Connection, object: Object, rows: list[dict[str, Any]], days: int = 0
) -> None:
    insert_many(connection, object, rows, at=moment(BEGAN + timedelta(days=days)))


def _employees(connection: sqlite3.Connection) -> None:
    _insert(connection, CONTACT, [
        {"CONTACTNAME": f"{last}, {first}", "PRINTAS": f"{first} {last}", "FIRSTNAME": first,
         "LASTNAME": last, "TAXABLE": False, "VISIBLE": True,
         "EMAIL1": f"{id}@demo.example", "MAILADDRESS.COUNTRY": "United States"}
        for id, first, last, _title, _location in _EMPLOYEES
    ])  # fmt: skip
    _insert(connection, OBJECTS["EMPLOYEE"], [
        {"EMPLOYEEID": id, "PERSONALINFO.CONTACTNAME": f"{last}, {first}", "TITLE": title,
         "LOCATIONID": location, "DEPARTMENTID": "10", "STARTDATE": "2024-01-08"}
        for id, first, last, title, location in _EMPLOYEES
    ])  # fmt: skip


def _customers(connection: sqlite3.Connection, people: Sequence[shared.Customer]) -> None:
    """Insert the demo's customers; each changed on a day of its own, so that deltas show."""
    first = _last(connection, CONTACT)
    for place, person in enumerate(people, 1):
        _insert(connection, CONTACT, [_contact(person)], days=place)
        row = _customer(person, place) | {"DISPLAYCONTACTKEY": first + place}
        _insert(connection, CUSTOMER, [row], days=place)


def _contact(person: shared.Customer) -> dict[str, Any]:
    row = {
        "CONTACTNAME": f"{person.name}(C{person.number})",
        "COMPANYNAME": person.name,
        "PRINTAS": person.name,
        "FIRSTNAME": person.first_name,
        "LASTNAME": person.last_name,
        "PHONE1": person.phone,
        "TAXABLE": True,
        "VISIBLE": True,
        "MAILADDRESS.ADDRESS1": person.address1,
        "MAILADDRESS.ADDRESS2": person.address2,
        "MAILADDRESS.CITY": person.city,
        "MAILADDRESS.STATE": person.state,
        "MAILADDRESS.ZIP": person.postal_code,
        "MAILADDRESS.COUNTRY": person.country,
    }
    return {id: value for id, value in row.items() if value is not None}


def _customer(person: shared.Customer, place: int) -> dict[str, Any]:
    """Return a customer whose lists follow from where it is and from its place by name."""
    territory = person.territory or "NA"
    terms = [row.split("|")[0].strip() for row in _LISTS["ARTERM"][1].split(";")]
    types = [row.split("|")[0].strip() for row in _LISTS["CUSTTYPE"][1].split(";")]
    ships = [each.strip() for each in _LISTS["SHIPMETHOD"][1].split(";")]
    return {
        "CUSTOMERID": person.number,
        "NAME": person.name,
        "ENTITY": f"C{person.number}",
        "TERRITORYID": territory,
        "CUSTREPID": next(rep for id, _name, rep in _TERRITORIES if id == territory),
        "TERMNAME": terms[place % len(terms)],
        "CUSTTYPE": types[place % len(types)],
        "SHIPPINGMETHOD": ships[place % len(ships)],
        "PRICELIST": _PRICE_LISTS.get(territory, "Base Price List"),
        "CURRENCY": _CURRENCIES.get(person.country or "", "EUR"),
        "CREDITLIMIT": f"{place % 9 * 5000 + 10000}.00",
        "TOTALDUE": f"{place * 137 % 5000}.50",
        "ONETIME": False,
        "ONHOLD": place % 17 == 0,
        "OBJECTRESTRICTION": "Unrestricted",
        "STATUS": "inactive" if place % 23 == 0 else "active",
        "CRM_TIER": _TIERS[place % len(_TIERS)],
        "INTERESTS": ["Cars", "Planes"] if place % 2 else ["Ships"],
        "LOYALTY_POINTS": place * 10,
        "NEWSLETTER": place % 3 == 0,
    }
