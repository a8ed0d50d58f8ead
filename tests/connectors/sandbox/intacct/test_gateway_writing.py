from __future__ import annotations

import pytest

from tests.support.intacct import compare, login, numbers, query, texts

NEW = """<create><CUSTOMER><CUSTOMERID>N1</CUSTOMERID><NAME>New &amp; Sons</NAME>
<DISPLAYCONTACT><PRINTAS>New</PRINTAS><EMAIL1>a@new.example</EMAIL1>
<MAILADDRESS><CITY>Lyon</CITY></MAILADDRESS></DISPLAYCONTACT>
<TERMNAME>Net 30</TERMNAME><CREDITLIMIT>1234.50</CREDITLIMIT><INTERESTS>Cars#~#Ships</INTERESTS>
<CONTRACT_END>12/31/2027</CONTRACT_END><NEWSLETTER>true</NEWSLETTER>{}</CUSTOMER></create>"""
STAMPED = ("WHENMODIFIED", "TERMNAME")


def customer(gateway, id, *fields):
    rows = gateway.rows(query("CUSTOMER", *fields, where=compare("equalto", "CUSTOMERID", id)))
    return rows[0] if rows else None


def update(id, inner):
    return f"<update><CUSTOMER><CUSTOMERID>{id}</CUSTOMERID>{inner}</CUSTOMER></update>"


def test_a_customer_is_created_with_its_display_contact(gateway):
    data = gateway.data(NEW.format(""))

    assert data.attrib == {"listtype": "objects", "count": "1"}
    assert data.findtext("customer/CUSTOMERID") == "N1"
    assert data.findtext("customer/RECORDNO") == "93"
    assert customer(
        gateway, "N1", "NAME", "DISPLAYCONTACT.CONTACTNAME", "DISPLAYCONTACT.MAILADDRESS.CITY",
        "CREDITLIMIT", "INTERESTS", "CONTRACT_END", "NEWSLETTER", "STATUS", "ENTITY",
    ) == {
        "NAME": "New & Sons", "DISPLAYCONTACT.CONTACTNAME": "New & Sons(CN1)",
        "DISPLAYCONTACT.MAILADDRESS.CITY": "Lyon", "CREDITLIMIT": "1234.50",
        "INTERESTS": "Cars#~#Ships", "CONTRACT_END": "12/31/2027", "NEWSLETTER": "true",
        "STATUS": "active", "ENTITY": "CN1",
    }  # fmt: skip


@pytest.mark.parametrize(
    "inner, number, text",
    [
        ("<TERRITORYID>X</TERRITORYID>", "BL03002155", "The Territory 'X' is invalid."),
        ("<CURRENCY>EURO</CURRENCY>", "BL03000050", "CURRENCY is too long"),
        ("<DISCOUNT>much</DISCOUNT>", "BL03000042", "'much' of the field DISCOUNT"),
        ("<CRM_TIER>Tin</CRM_TIER>", "BL03000042", "'Tin' of the field CRM_TIER"),
        ("<LAST_AUDIT>2026-01-01</LAST_AUDIT>", "BL03000042", "not a valid timestamp"),
    ],
)
def test_a_customer_that_is_wrong_is_refused(gateway, inner, number, text):
    result = gateway.do(NEW.format(inner))

    assert numbers(result)[0] == number
    assert text in texts(result)[0]
    assert result.find("data").get("count") == "0"
    assert customer(gateway, "N1", "NAME") is None


def test_all_that_is_missing_is_said_at_once(gateway):
    inner = "<DISPLAYCONTACT><PRINTAS>x</PRINTAS></DISPLAYCONTACT>"

    result = gateway.do(f"<create><CUSTOMER>{inner}</CUSTOMER></create>")

    assert numbers(result) == ["BL03000018", "BL03000018", "BL01001973"]
    assert [each.split()[2] for each in texts(result)[:2]] == ["CUSTOMERID", "NAME"]


def test_a_display_contact_needs_a_name_to_print(gateway):
    result = gateway.do("<create><CUSTOMER><CUSTOMERID>N1</CUSTOMERID></CUSTOMER></create>")

    assert "DISPLAYCONTACT.PRINTAS" in texts(result)[0]


def test_an_id_is_taken_once(gateway):
    gateway.data(NEW.format(""))

    result = gateway.do(NEW.format(""))

    assert numbers(result) == ["BL34000061", "BL01001973"]
    assert texts(result)[0].startswith(
        "Another Customer with the given value(s) N1  already exists"
    )
    assert "[Support ID: " in texts(result)[0]


def test_several_records_of_one_function_are_created_together_or_not_at_all(gateway):
    term = "<ARTERM><NAME>{}</NAME></ARTERM>"

    good = gateway.data(f"<create>{term.format('a')}{term.format('b')}</create>")
    bad = gateway.do(f"<create>{term.format('c')}{term.format('a')}</create>")

    assert good.get("count") == "2"
    assert bad.findtext("status") == "failure"
    assert gateway.rows(query("ARTERM", "NAME", where=compare("equalto", "NAME", "c"))) == []


def test_an_update_changes_what_it_names_and_empties_what_it_leaves_empty(gateway):
    before = customer(gateway, "C001", "NAME", "WHENMODIFIED", "WHENCREATED")

    gateway.data(update("C001", "<TERMNAME/><TAXID>12-34</TAXID><NOSUCH>x</NOSUCH>"))

    after = customer(gateway, "C001", "NAME", "TAXID", "TERMNAME", "WHENMODIFIED", "WHENCREATED")
    assert (after["NAME"], after["TAXID"], after["TERMNAME"]) == (before["NAME"], "12-34", "")
    assert after["WHENCREATED"] == before["WHENCREATED"]
    assert after["WHENMODIFIED"] != before["WHENMODIFIED"]


def test_an_update_by_record_number_reaches_the_display_contact(gateway):
    inner = "<DISPLAYCONTACT><MAILADDRESS><CITY>Leeds</CITY></MAILADDRESS></DISPLAYCONTACT>"

    gateway.data(f"<update><CUSTOMER><RECORDNO>1</RECORDNO>{inner}</CUSTOMER></update>")

    found = customer(gateway, "C001", "DISPLAYCONTACT.MAILADDRESS.CITY", "DISPLAYCONTACT.PHONE1")
    assert list(found.values()) == ["Leeds", "(171) 555-1555"]


def test_a_required_field_cannot_be_emptied(gateway):
    assert numbers(gateway.do(update("C001", "<NAME/>")))[0] == "BL03000018"


def test_what_is_not_there_is_not_updated(gateway):
    result = gateway.do(update("X", "<NAME>x</NAME>"))

    assert numbers(result) == ["BL04000006", "BL01001973"]


def test_deleting_a_term_empties_it_where_it_was_used_without_moving_the_customers(gateway):
    before = customer(gateway, "C001", *STAMPED)
    term = compare("equalto", "NAME", before["TERMNAME"])
    [row] = gateway.rows(query("ARTERM", "RECORDNO", where=term))

    result = gateway.do(f"<delete><object>ARTERM</object><keys>{row['RECORDNO']}</keys></delete>")

    assert result.findtext("status") == "success"
    after = customer(gateway, "C001", *STAMPED)
    assert after == {"WHENMODIFIED": before["WHENMODIFIED"], "TERMNAME": ""}


@pytest.mark.parametrize("name", ["TERRITORY", "CUSTTYPE", "SHIPMETHOD", "EMPLOYEE", "SOPRICELIST"])
def test_other_values_that_are_in_use_cannot_be_deleted(gateway, name):
    result = gateway.do(f"<delete><object>{name}</object><keys>2</keys></delete>")

    assert numbers(result) == ["BL03000088"]


def test_a_contact_that_changes_does_not_move_its_customer(gateway):
    fields = ("WHENMODIFIED", "DISPLAYCONTACT.CONTACTNAME", "DISPLAYCONTACT.PHONE1")
    before = customer(gateway, "C001", *fields)
    name = before["DISPLAYCONTACT.CONTACTNAME"]

    gateway.data(
        f"<update><CONTACT><CONTACTNAME>{name}</CONTACTNAME><PHONE1>1</PHONE1></CONTACT></update>"
    )

    after = customer(gateway, "C001", *fields)
    assert after["DISPLAYCONTACT.PHONE1"] == "1"
    assert after["WHENMODIFIED"] == before["WHENMODIFIED"]


def test_a_number_is_never_given_twice(gateway):
    gateway.data(NEW.format(""))
    gateway.do("<delete><object>CUSTOMER</object><keys>93</keys></delete>")

    assert gateway.data(NEW.format("").replace("N1", "N2")).findtext("customer/RECORDNO") == "94"


def test_the_old_function_deletes_a_customer_by_its_id(gateway):
    gateway.data(NEW.format(""))

    deleted, again = gateway.results(*['<delete_customer customerid="N1"/>'] * 2)

    assert deleted.findtext("status") == "success"
    assert numbers(again) == ["BL04000006"]


@pytest.mark.parametrize(
    "object, values, deletion",
    [
        ("CLASS", "<CLASSID>N</CLASSID><NAME>N</NAME>", '<delete_class key="N"/>'),
        ("CONTACT", "<CONTACTNAME>N</CONTACTNAME><PRINTAS>N</PRINTAS>",
         '<delete_contact contactname="N"/>'),
        ("DEPARTMENT", "<DEPARTMENTID>N</DEPARTMENTID><TITLE>N</TITLE>",
         '<delete_department departmentid="N"/>'),
        ("LOCATION", "<LOCATIONID>N</LOCATIONID><NAME>N</NAME>",
         '<delete_location locationid="N"/>'),
        ("PROJECT", "<PROJECTID>N</PROJECTID><NAME>N</NAME>"
         "<PROJECTCATEGORY>Contract</PROJECTCATEGORY>", '<delete_project key="N"/>'),
    ],
)  # fmt: skip
def test_other_old_functions_delete_by_an_id_too(gateway, object, values, deletion):
    gateway.data(f"<create><{object}>{values}</{object}></create>")

    deleted, again = gateway.results(deletion, deletion)

    assert deleted.findtext("status") == "success"
    assert numbers(again) == ["BL04000006"]


def test_who_may_only_view_is_refused_to_write(gateway):
    viewer = login(user="crmapp_viewer")

    assert gateway.data(query("CUSTOMER", "NAME", size=1), who=viewer).get("count") == "1"
    for function in (NEW.format(""), update("C001", "<NAME>x</NAME>")):
        refused = texts(gateway.do(function, who=viewer))[0]
        assert "You do not have permission for API operation" in refused
        assert "objects of type customer" in refused


def test_a_record_created_in_an_entity_belongs_to_it(gateway):
    gateway.data(NEW.format(""), who=login(locationid="200"))

    assert customer(gateway, "N1", "NAME") is None
    where = compare("equalto", "MEGAENTITYNAME", "Model Distribution Europe")
    shown = "<showprivate>true</showprivate>"
    asked = query("CUSTOMER", "CUSTOMERID", where=where, options=shown)
    assert gateway.rows(asked) == [{"CUSTOMERID": "N1"}]
