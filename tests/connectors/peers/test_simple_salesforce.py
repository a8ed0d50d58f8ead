from __future__ import annotations

import pytest
from simple_salesforce import Salesforce
from simple_salesforce.exceptions import SalesforceAuthenticationFailed, SalesforceMalformedRequest

from crmapp.connectors.sandbox.salesforce.apps import (
    CLIENT_ID,
    CLIENT_SECRET,
    PASSWORD,
    SECURITY_TOKEN,
    USERNAME,
)
from tests.connectors.peers.address import DOMAIN, session_to

KEY = "ia_crm__IntacctID__c"


@pytest.fixture
def session(safe_salesforce):
    server, authority = safe_salesforce
    with session_to(server.port, authority) as session:
        yield session


@pytest.fixture
def client(session):
    return Salesforce(
        consumer_key=CLIENT_ID,
        consumer_secret=CLIENT_SECRET,
        domain=DOMAIN,
        session=session,
        version="66.0",
    )


def test_it_signs_in_with_a_password_and_a_security_token(session):
    client = Salesforce(
        username=USERNAME,
        password=PASSWORD,
        security_token=SECURITY_TOKEN,
        domain=DOMAIN,
        session=session,
    )

    assert client.query("SELECT COUNT() FROM Account")["totalSize"] == 92


def test_a_wrong_secret_is_refused_in_salesforces_words(session):
    with pytest.raises(SalesforceAuthenticationFailed, match="invalid client credentials"):
        Salesforce(consumer_key=CLIENT_ID, consumer_secret="wrong", domain=DOMAIN, session=session)


def test_it_describes_objects(client):
    account = client.Account.describe()
    names = {each["name"] for each in client.describe()["sobjects"]}

    assert {"Account", "Contact", "User", "ia_crm__Territory__c"} <= names
    assert {field["name"]: field["type"] for field in account["fields"]}["SLA__c"] == "picklist"


def test_it_pages_through_a_query(client):
    rows = [{"LastName": f"Pager {number}"} for number in range(2100)]
    client.bulk2.Contact.insert(records=rows, wait=0)

    found = client.query_all("SELECT Id, LastName FROM Contact WHERE LastName LIKE 'Pager%'")
    first = client.query("SELECT Id FROM Contact WHERE LastName LIKE 'Pager%'")

    assert len(found["records"]) == found["totalSize"] == 2100
    assert (len(first["records"]), first["done"]) == (2000, False)


def test_it_creates_changes_upserts_and_deletes(client):
    made = client.Account.create({"Name": "Simple", KEY: "S1"})
    changed = client.Account.update(made["id"], {"Phone": "555"})
    upserted = client.Account.upsert(f"{KEY}/S1", {"Name": "Simple again"})
    read = client.Account.get_by_custom_id(KEY, "S1")
    deleted = client.Account.delete(made["id"])

    assert (changed, upserted, deleted) == (204, 200, 204)
    assert (read["Name"], read["Phone"]) == ("Simple again", "555")
    assert client.query("SELECT Id FROM Account WHERE Name = 'Simple again'")["totalSize"] == 0


def test_it_is_told_what_is_wrong_with_a_record(client):
    with pytest.raises(SalesforceMalformedRequest) as refused:
        client.Contact.create({"LastName": "Mail", "Email": "no address"})

    assert refused.value.content == [
        {
            "message": "Email: invalid email address: no address",
            "errorCode": "INVALID_EMAIL_ADDRESS",
            "fields": ["Email"],
        }
    ]


def test_bulk_takes_rows_and_gives_them_back(client):
    rows = [{"Name": f"Bulk {n}", KEY: f"B{n}", "Phone": ""} for n in range(250)]
    rows.append({"Name": "", KEY: "B-", "Phone": ""})

    [job] = client.bulk2.Account.upsert(records=rows, external_id_field=KEY, wait=0)
    failed = client.bulk2.Account.get_failed_records(job["job_id"])
    query = "SELECT Id, Name, Phone FROM Account WHERE Name LIKE 'Bulk %' ORDER BY Name"
    pages = list(client.bulk2.Account.query(query, max_records=100, wait=0))

    assert (job["numberRecordsProcessed"], job["numberRecordsFailed"]) == (251, 1)
    assert "REQUIRED_FIELD_MISSING:Required fields are missing: [Name]:Name --" in failed
    assert [page.count("\n") - 1 for page in pages] == [100, 100, 50]


def test_it_knows_how_many_calls_are_left(client):
    client.query("SELECT Id FROM Account LIMIT 1")
    client.query("SELECT Id FROM Account LIMIT 1")

    assert client.api_usage["api-usage"].used == 2
    assert client.limits()["DailyApiRequests"]["Max"] == 15000


def test_the_older_bulk_takes_rows_and_gives_them_back(client):
    rows = [{"Name": f"Older {n}", KEY: f"O{n}"} for n in range(20)] + [{"Name": None, KEY: "O-"}]

    results = client.bulk.Account.upsert(rows, KEY, batch_size=10)
    found = client.bulk.Account.query("SELECT Id, Name FROM Account WHERE Name LIKE 'Older %'")

    assert [each["success"] for each in results] == [True] * 20 + [False]
    assert results[-1]["errors"][0]["statusCode"] == "REQUIRED_FIELD_MISSING"
    assert {each["Name"] for each in found} == {f"Older {n}" for n in range(20)}
