from __future__ import annotations

from datetime import UTC, date, datetime

import pytest

from crmapp.connectors.sandbox.salesforce.dates import span
from tests.connectors.sandbox.salesforce.conftest import KEY, error


@pytest.fixture
def three(api):
    """Three accounts, told apart by their names."""
    api.create(
        Name="Query One", Rating="Hot", NumberOfEmployees=10, Site="O'Hara's 50% off",
        Is_Reseller__c=True, Interests__c="Ships;Trains", SLAExpirationDate__c="2026-05-01",
        Last_Visit__c="2026-05-01T12:00:00Z",
    )  # fmt: skip
    api.create(
        Name="Query Two", Rating="Cold", NumberOfEmployees=20, Site="a_b",
        Interests__c="Planes", SLAExpirationDate__c="2026-06-01",
        Last_Visit__c="2026-05-01T23:30:00+02:00",
    )  # fmt: skip
    api.create(Name="query three")
    return api


@pytest.mark.parametrize(
    "condition, found",
    [
        ("Rating = 'Hot'", "One"),
        ("Rating = 'hot'", "One"),
        ("Rating != 'Hot'", "Two three"),
        ("Rating <> 'Hot'", "Two three"),
        ("Rating = null", "three"),
        ("Rating = ''", "three"),
        ("Rating != null", "One Two"),
        ("NOT Rating = 'Hot'", "Two three"),
        ("(NOT Rating LIKE 'H%')", "Two three"),
        ("Rating IN ('Hot', 'Cold')", "One Two"),
        ("Rating NOT IN ('Hot')", "Two three"),
        ("Rating IN ('Hot', null)", "One three"),
        ("NumberOfEmployees > 10", "Two"),
        ("NumberOfEmployees >= 10", "One Two"),
        ("NumberOfEmployees < 1.5e1", "One"),
        ("NumberOfEmployees <= 20 AND NumberOfEmployees > 10", "Two"),
        ("NumberOfEmployees = 10 OR (Rating = 'Cold' AND Site = 'a_b')", "One Two"),
        ("Is_Reseller__c = true", "One"),
        ("Is_Reseller__c = FALSE", "Two three"),
        ("Name LIKE '%ONE'", "One"),
        ("Site LIKE '%50\\% off'", "One"),
        ("Site LIKE 'a\\_b'", "Two"),
        ("Site LIKE 'O\\'Hara%'", "One"),
        ("Site = 'O\\'Hara\\'s 50% off'", "One"),
        ("SLAExpirationDate__c = 2026-05-01", "One"),
        ("SLAExpirationDate__c > 2026-05-01", "Two"),
        ("Last_Visit__c > 2026-05-01T12:00:00.000Z", "Two"),
        ("Last_Visit__c >= 2026-05-01T14:00:00+02:00", "One Two"),
        ("Last_Visit__c = 2026-05-01T21:30:00.000+0000", "Two"),
        ("CreatedDate = TODAY", "One Two three"),
        ("CreatedDate < TODAY", ""),
        ("CreatedDate >= LAST_N_DAYS:3", "One Two three"),
        ("CreatedDate = YESTERDAY", ""),
        ("SLAExpirationDate__c < N_YEARS_AGO:5", ""),
        ("Interests__c INCLUDES ('Ships')", "One"),
        ("Interests__c INCLUDES ('Ships;Trains', 'Planes')", "One Two"),
        ("Interests__c EXCLUDES ('Ships')", "Two three"),
        ("Owner.Name = 'Integration User'", "One Two three"),
        ("Parent.Name != null", ""),
        ("OwnerId IN (SELECT Id FROM User WHERE Alias = 'iuser')", "One Two three"),
        ("Id NOT IN (SELECT AccountId FROM Contact)", "One Two three"),
        ("CALENDAR_YEAR(SLAExpirationDate__c) = 2026", "One Two"),
    ],
)
def test_conditions_find_what_they_say(three, condition, found):
    names = three.names(f"WHERE Name LIKE 'Query%' AND ({condition}) ORDER BY NumberOfEmployees")

    assert {name.split()[1] for name in names} == set(found.split())


@pytest.mark.parametrize(
    "order, found",
    [
        ("NumberOfEmployees", "three One Two"),
        ("NumberOfEmployees NULLS LAST", "One Two three"),
        ("NumberOfEmployees DESC", "three Two One"),
        ("NumberOfEmployees DESC NULLS LAST", "Two One three"),
        ("Name", "One three Two"),
        ("Owner.Name, Name DESC", "Two three One"),
        ("Name LIMIT 1 OFFSET 1", "three"),
    ],
)
def test_records_come_in_the_order_that_was_asked_for(three, order, found):
    names = three.names(f"WHERE Name LIKE 'Query%' ORDER BY {order}")

    assert [name.split()[1] for name in names] == found.split()


def test_records_carry_their_types_and_addresses(api):
    [record] = api.query(
        "SELECT Id, Name, IsDeleted, Credit_Limit__c, NumberofLocations__c, CreatedDate,"
        f" Parent.Name, Owner.Name, BillingAddress FROM Account WHERE {KEY} = 'C001'"
    )["records"]

    assert record["attributes"] == {
        "type": "Account",
        "url": f"/services/data/v66.0/sobjects/Account/{record['Id']}",
    }
    assert record["IsDeleted"] is False
    assert (record["Credit_Limit__c"], record["NumberofLocations__c"]) == (10000.0, 1.0)
    assert record["CreatedDate"].endswith(".000+0000")
    assert record["Parent"] is None
    assert record["Owner"]["attributes"]["type"] == "User"
    assert record["BillingAddress"]["city"] == "Manchester"
    assert record["BillingAddress"].keys() == {
        "city", "country", "geocodeAccuracy", "latitude", "longitude", "postalCode", "state",
        "street",
    }  # fmt: skip


def test_names_are_answered_as_the_describe_spells_them(api):
    [record] = api.records("select ID, nAmE from account where accountnumber = 'C001'")

    assert record.keys() == {"Id", "Name"}


def test_records_are_counted(api):
    answer = api.query("SELECT COUNT() FROM Account WHERE BillingCountry = 'France'")

    assert answer == {"totalSize": 12, "done": True, "records": []}


def test_records_are_grouped(api):
    found = api.records(
        "SELECT BillingCountry, COUNT(Id) many, MAX(NumberofLocations__c) FROM Account"
        " GROUP BY BillingCountry HAVING COUNT(Id) > 10 ORDER BY COUNT(Id) DESC"
    )

    assert [(each["BillingCountry"], each["many"]) for each in found] == [
        ("USA", 35),
        ("France", 12),
    ]
    assert found[0]["expr0"] == 6.0


def test_all_fields_are_given_with_a_limit(api):
    [whole] = api.query("SELECT FIELDS(ALL) FROM Account LIMIT 1")["records"]
    [standard] = api.query("SELECT FIELDS(STANDARD) FROM Account ORDER BY Id LIMIT 1")["records"]
    without = api.get("/query", params={"q": "SELECT FIELDS(ALL) FROM Account"})

    described = api.get("/sobjects/Account/describe").json()["fields"]
    assert whole.keys() - {"attributes"} == {field["name"] for field in described}
    assert standard.keys() - {"attributes"} == {f["name"] for f in described if not f["custom"]}
    assert error(without) == (400, "MALFORMED_QUERY")


def test_records_below_a_record_come_with_it(api):
    [account] = api.query(
        "SELECT Name, (SELECT LastName FROM Contacts) FROM Account WHERE AccountNumber = 'C001'"
    )["records"]

    assert account["Contacts"]["totalSize"] == 1
    assert account["Contacts"]["records"][0]["LastName"] == "Ashworth"


@pytest.mark.parametrize(
    "query, code",
    [
        ("SELECT Nothing FROM Account", "INVALID_FIELD"),
        ("SELECT Id FROM Nothing", "INVALID_TYPE"),
        ("SELECT Nobody.Name FROM Account", "INVALID_FIELD"),
        ("SELECT Id FROM Account WHERE", "MALFORMED_QUERY"),
        ("SELECT Id FROM Account WHERE Name = Acme", "INVALID_FIELD"),
        ("SELECT Id FROM Account WHERE NumberOfEmployees = '5'", "INVALID_FIELD"),
        ("SELECT Id FROM Account WHERE CreatedDate > 2026-01-01", "INVALID_FIELD"),
        ("SELECT Id FROM Account WHERE CreatedDate > '2026-01-01T00:00:00Z'", "INVALID_FIELD"),
        ("SELECT Id FROM Account WHERE Description = 'x'", "INVALID_FIELD"),
        ("SELECT Id FROM Account WHERE Id = 'x'", "INVALID_QUERY_FILTER_OPERATOR"),
        ("SELECT Id FROM Account WHERE Name = 'a' AND Name = 'b' OR Name = 'c'", "MALFORMED_QUERY"),
        ("SELECT Id FROM Account LIMIT x", "MALFORMED_QUERY"),
        ("SELECT Id, Id FROM Account", "MALFORMED_QUERY"),
        ("SELECT Owner.Name, Name FROM Account GROUP BY Owner.Name, Name", "MALFORMED_QUERY"),
        ("SELECT Id FROM Account; DROP TABLE Account", "MALFORMED_QUERY"),
        ("SELECT Id FROM Account OFFSET 3000", "NUMBER_OUTSIDE_VALID_RANGE"),
        ("SELECT Name FROM Account WHERE COUNT(Id) > 5", "MALFORMED_QUERY"),
        ("SELECT Name FROM Account ORDER BY MAX(Name)", "MALFORMED_QUERY"),
        ("SELECT COUNT(Id) FROM Account GROUP BY BillingAddress", "MALFORMED_QUERY"),
        ("SELECT Id FROM Account WHERE CreatedDate > LAST_N_DAYS:9999999999", "MALFORMED_QUERY"),
        ("", "MALFORMED_QUERY"),
    ],
)
def test_a_query_that_is_not_well_is_refused(api, query, code):
    assert error(api.get("/query", params={"q": query})) == (400, code)


def add_many(api, count):
    for start in range(0, count, 200):
        rows = [
            {"attributes": {"type": "Contact"}, "LastName": f"Page {number:05}"}
            for number in range(start, min(start + 200, count))
        ]
        api.post("/composite/sobjects", json={"records": rows})


PAGED = "SELECT Id, LastName FROM Contact WHERE LastName LIKE 'Page%' ORDER BY LastName DESC"


def test_a_long_answer_comes_in_pages(api):
    add_many(api, 2300)
    first = api.query(PAGED)
    second = api.get(api.site + first["nextRecordsUrl"]).json()

    names = [each["LastName"] for page in (first, second) for each in page["records"]]
    assert (len(first["records"]), first["done"], first["totalSize"]) == (2000, False, 2300)
    assert (second["done"], "nextRecordsUrl" in second) == (True, False)
    assert names == [f"Page {number:05}" for number in reversed(range(2300))]


def test_a_program_may_ask_for_smaller_pages(api):
    add_many(api, 450)
    sizes = []

    page = api.query(PAGED, **{"Sforce-Query-Options": "batchSize=200"})
    sizes.append(len(page["records"]))
    while not page["done"]:
        page = api.get(api.site + page["nextRecordsUrl"]).json()
        sizes.append(len(page["records"]))

    assert sizes == [200, 200, 50]


def test_pages_are_of_the_moment_of_the_query(api):
    add_many(api, 450)
    first = api.query(PAGED, **{"Sforce-Query-Options": "batchSize=200"})
    add_many(api, 200)

    second = api.get(api.site + first["nextRecordsUrl"]).json()

    assert second["totalSize"] == 450
    assert second["records"][0]["LastName"] == "Page 00249"


def test_an_unknown_locator_is_refused(api):
    assert error(api.get("/query/01gSb0000000099AAA-2000")) == (400, "INVALID_QUERY_LOCATOR")


def test_what_was_deleted_is_found_only_by_query_all(api):
    id = api.create(Name="Gone")
    api.delete(f"/sobjects/Account/{id}")
    asked = {"q": "SELECT Name, IsDeleted FROM Account WHERE Name = 'Gone'"}

    alive = api.get("/query", params=asked).json()
    everything = api.get("/queryAll", params=asked).json()

    assert alive["totalSize"] == 0
    assert everything["records"][0]["IsDeleted"] is True


@pytest.mark.parametrize(
    "literal, first, after",
    [
        ("TODAY", (2026, 11, 26), (2026, 11, 27)),
        ("YESTERDAY", (2026, 11, 25), (2026, 11, 26)),
        ("LAST_N_DAYS:7", (2026, 11, 19), (2026, 11, 27)),
        ("NEXT_N_DAYS:2", (2026, 11, 27), (2026, 11, 29)),
        ("N_DAYS_AGO:1", (2026, 11, 25), (2026, 11, 26)),
        ("THIS_WEEK", (2026, 11, 22), (2026, 11, 29)),
        ("LAST_N_WEEKS:2", (2026, 11, 8), (2026, 11, 22)),
        ("LAST_MONTH", (2026, 10, 1), (2026, 11, 1)),
        ("NEXT_N_MONTHS:3", (2026, 12, 1), (2027, 3, 1)),
        ("LAST_N_MONTHS:12", (2025, 11, 1), (2026, 11, 1)),
        ("THIS_QUARTER", (2026, 10, 1), (2027, 1, 1)),
        ("LAST_QUARTER", (2026, 7, 1), (2026, 10, 1)),
        ("THIS_FISCAL_YEAR", (2026, 1, 1), (2027, 1, 1)),
        ("LAST_FISCAL_QUARTER", (2026, 7, 1), (2026, 10, 1)),
        ("LAST_YEAR", (2025, 1, 1), (2026, 1, 1)),
        ("NEXT_N_YEARS:2", (2027, 1, 1), (2029, 1, 1)),
    ],
)
def test_date_literals_are_spans_of_days(literal, first, after):
    assert span(literal, date(2026, 11, 26)) == (date(*first), date(*after))


def test_a_wrong_clock_moves_today(api):
    api.fault("wrong_clock", seconds=86400 * 40, times=None)

    api.create(Name="Later")
    api.delete(f"{api.site}/__control/faults")

    [record] = api.records("SELECT CreatedDate FROM Account WHERE Name = 'Later'")
    made = datetime.strptime(record["CreatedDate"], "%Y-%m-%dT%H:%M:%S.%f%z")
    assert (made - datetime.now(UTC)).days in (39, 40)


@pytest.mark.parametrize(
    "values, header, status", [(1100, 0, 200), (1100, 2500, 431), (1300, 0, 414)]
)
def test_an_address_has_a_length_also_with_its_headers(api, values, header, status):
    several = ",".join(f"'{number:04}'" for number in range(values))
    question = f"SELECT Id FROM Account WHERE Name IN ({several})"

    answer = api.get("/query", params={"q": question}, headers={"X-Filler": "x" * header})

    assert answer.status_code == status
