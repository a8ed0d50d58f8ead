"""What an object of another system consists of: kept, and compared with what it was."""

from dataclasses import replace

from crmapp.connectors.port import Description, RemoteField, RemoteKind, RemoteValue
from crmapp.services.remote_fields import Difference, as_json, difference, from_json

OWNER = RemoteField(
    "OwnerId",
    "Owner",
    RemoteKind.REFERENCE,
    "reference",
    refers_to=("User",),
    name_path="Owner.Name",
)
RATING = RemoteField(
    "Rating", "Rating", RemoteKind.PICK_LIST, "picklist", values=(RemoteValue("Hot", "Hot", False),)
)
BEFORE = Description("Account", "Account", (OWNER, RATING))


def test_a_description_is_kept_whole():
    assert from_json(as_json(BEFORE)) == BEFORE


def test_what_is_new_gone_or_otherwise_is_told():
    renamed, fresh = replace(OWNER, label="Boss"), RemoteField("X", "X", RemoteKind.TEXT, "string")

    found = difference(BEFORE, Description("Account", "Account", (fresh, renamed)))

    assert found == Difference(added=(fresh,), gone=(RATING,), changed=((OWNER, renamed),))


def test_the_same_fields_in_another_order_are_no_difference():
    assert not difference(BEFORE, Description("Account", "Account", (RATING, OWNER)))
