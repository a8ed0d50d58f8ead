from __future__ import annotations

from tests.connectors.sandbox.salesforce.conftest import error


def test_records_are_found_by_their_words(api):
    find = "FIND {toys land} IN ALL FIELDS RETURNING Account(Id, Name), Contact LIMIT 5"

    found = api.get("/search", params={"q": find}).json()["searchRecords"]

    assert [each["Name"] for each in found] == ["Land of Toys Inc."]


def test_a_search_without_a_word_is_refused(api):
    assert error(api.get("/search", params={"q": "FIND toys"})) == (400, "MALFORMED_SEARCH")


def test_pick_lists_are_read_as_the_user_interface_reads_them(api):
    path = "/ui-api/object-info/Account/picklist-values/012000000000000AAA"

    every = api.get(path).json()["picklistFieldValues"]
    one = api.get(f"{path}/SLA__c").json()

    assert every["SLA__c"] == one
    assert [each["value"] for each in one["values"]] == ["Gold", "Silver", "Platinum", "Bronze"]
    assert api.get(f"{path}/Nothing").status_code == 404


def test_a_querys_columns_are_told_without_its_records(api):
    asked = {"q": "SELECT Id, Name, Owner.Name FROM Account", "columns": "true"}

    said = api.get("/query", params=asked).json()

    assert [each["columnName"] for each in said["columnMetadata"]] == ["Id", "Name", "Owner"]
    assert [each["columnName"] for each in said["columnMetadata"][2]["joinColumns"]] == ["Name"]
    assert (said["entityName"], said["keyPrefix"], said["idSelected"]) == ("Account", "001", True)


def test_a_querys_columns_tell_of_parents_and_children_by_their_own_names(api):
    soql = "SELECT Parent.Owner.Name, Owner.Alias, Owner.Name, (SELECT LastName FROM Contacts), Id"

    said = api.get("/query", params={"q": f"{soql} FROM Account", "columns": "true"}).json()

    def told(columns):
        return {each["columnName"]: told(each["joinColumns"]) for each in columns}

    assert told(said["columnMetadata"]) == {
        "Parent": {"Owner": {"Name": {}}},
        "Owner": {"Alias": {}, "Name": {}},
        "Id": {},
        "Contacts": {"LastName": {}},
    }
    assert [each["columnName"] for each in said["columnMetadata"] if each["aggregate"]] == [
        "Contacts"
    ]


def test_the_records_of_objects_are_counted(api):
    some = api.get("/limits/recordCount", params={"sObjects": "Account,Profile"}).json()
    every = api.get("/limits/recordCount").json()["sObjects"]

    assert some["sObjects"] == [{"count": 92, "name": "Account"}, {"count": 1, "name": "Profile"}]
    assert {"Contact", "User"} <= {each["name"] for each in every}


def test_a_user_has_a_profile(api):
    assert {each["Profile"]["Name"] for each in api.records("SELECT Profile.Name FROM User")} == {
        "Standard User"
    }


def test_the_page_of_a_record_shows_what_it_holds(api):
    id = api.create(Name="Fish & <b>Ships</b>", BillingCity="Nantes")

    page = api.get(f"{api.site}/lightning/r/Account/{id}/view")

    assert page.status_code == 200
    assert "<h1>Fish &amp; &lt;b&gt;Ships&lt;/b&gt;</h1>" in page.text
    assert "<th>Billing City</th><td>Nantes</td>" in page.text
    for path in ("Account/001Sb00000zzzzz", f"Nothing/{id}", f"Account/{id}", "Account/x"):
        ending = "" if path.endswith(id) and path.startswith("Account") else "/view"
        assert api.get(f"{api.site}/lightning/r/{path}{ending}").status_code == 404
