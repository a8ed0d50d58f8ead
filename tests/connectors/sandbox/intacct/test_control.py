from __future__ import annotations

from crmapp.connectors.sandbox.intacct import company
from tests.support.intacct import compare, query


def do(gateway, name, **given):
    return gateway.client.post(f"/__control/{name}", json=given).json


def test_the_control_page_is_not_metered_and_takes_no_place(sandbox, gateway):
    with sandbox.company.place(), sandbox.company.place():
        assert gateway.client.get("/__control").status_code == 200


def test_the_control_page_says_how_to_sign_in(gateway):
    said = do(gateway, "credentials")

    assert said["company"] == company.COMPANY
    assert said["sender"] == company.SENDER
    assert said["users"] == {"crmapp_sync": "all", "crmapp_viewer": "list and view"}


def test_a_list_grows_by_as_many_values_as_wanted(gateway):
    assert do(gateway, "grow", object="TERRITORY", count=2500) == {"added": 2500}

    where = compare("greaterthan", "RECORDNO", "4")
    page = gateway.data(query("TERRITORY", "TERRITORYID", "NAME", where=where, size=2000))
    assert page.get("totalcount") == "2500"
    assert page.findtext("TERRITORY/TERRITORYID") == "Z000005"
    assert page.findtext("TERRITORY/NAME") == "Territory Z000005"


def test_a_customer_that_is_grown_can_be_changed(gateway):
    do(gateway, "grow", count=3)
    inner = "<CUSTOMERID>Z000095</CUSTOMERID><DISPLAYCONTACT><EMAIL1>a@b</EMAIL1></DISPLAYCONTACT>"

    gateway.data(f"<update><CUSTOMER>{inner}</CUSTOMER></update>")

    where = compare("equalto", "DISPLAYCONTACT.EMAIL1", "a@b")
    [row] = gateway.rows(query("CUSTOMER", "NAME", "DISPLAYCONTACT.PRINTAS", where=where))
    assert set(row.values()) == {"Customer Z000095"}


def test_nothing_grows_under_an_unknown_name(gateway):
    assert do(gateway, "grow", object="NOPE") == {"added": 0}
