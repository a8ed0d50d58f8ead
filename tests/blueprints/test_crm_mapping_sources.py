"""The page of one source of a CRM mapping: what it shows, what it keeps, what it refuses."""

from __future__ import annotations

import re

import pytest
from sqlalchemy import select

from crmapp.connectors.errors import Unreachable
from crmapp.db import session, unit_of_work
from crmapp.domain.feeds import Content, FedBy, Responsible
from crmapp.domain.mapping import FieldMapping
from crmapp.domain.ownership import Owner
from crmapp.domain.steps import Step, StepKind
from crmapp.i18n import Text
from crmapp.models import CrmMapping, FeedSource
from crmapp.services import crm_mappings
from crmapp.services.crm_mappings import MOST_SOURCES
from crmapp.services.feed_mapping import content_of
from tests.support import feeds as made
from tests.support.feeds import MAPPING, Erp, customer
from tests.support.mapped_sources import SENT, chosen, fed, kept
from tests.support.pages import flat
from tests.support.web import htmx

WAYS = pytest.mark.parametrize("headers", [{}, htmx()], ids=["plain", "htmx"])
NEW = {**SENT, "mapping_name": "Customers"}


@pytest.fixture
def erp():
    return Erp([customer(number) for number in range(1, 4)])


@pytest.fixture
def first(make, erp):
    return made.source(make, erp)


@pytest.fixture
def second(make):
    return made.source(make, Erp([customer(7, city="soon")]), "Shop")


@pytest.fixture
def mapping(make, first):
    return made.mapping(make, first)


@pytest.fixture
def url(mapping, first):
    """The page of the source that the CRM mapping reads."""
    return f"/admin/crm-mappings/{mapping}/sources/{first}"


def away(_locale):
    raise Unreachable(Text("It is away."))


class TestANewMapping:
    def test_begins_with_suggestions_and_samples(self, alice, first):
        page = alice.get(f"/admin/crm-mappings/new/sources/{first}?name=Our+customers")

        assert chosen(page.text, "name") == ["name"]
        assert chosen(page.text, "phone") == ["phone"]
        assert 'value="Our customers"' in page.text
        assert "Exact The names agree." in flat(page)
        assert "Customer 1" in flat(page)
        assert "first 3 rows" in flat(page)

    def test_is_made_and_led_to(self, alice, first):
        answer = alice.post(f"/admin/crm-mappings/new/sources/{first}", data=NEW)

        mapping = session.scalars(select(CrmMapping)).one()
        assert answer.status_code == 303
        assert answer.location == f"/admin/crm-mappings/{mapping.id}"
        assert (mapping.name, mapping.version) == ("Customers", 1)
        assert fed(mapping.id).mapping == FieldMapping({"name": "name", "number": "code"})

    def test_is_made_once_of_a_form_that_is_sent_twice(self, make, alice, first):
        sent = {**NEW, "idempotency_key": "one press"}
        place = f"/admin/crm-mappings/new/sources/{first}"

        one, other = (alice.post(place, data=sent).location for _press in range(2))

        assert one == other
        assert len(crm_mappings.every(by=make.alice)) == 1

    @WAYS
    def test_a_name_that_is_taken_is_refused_at_its_field(self, alice, mapping, second, headers):
        sent = {**NEW, "mapping_name": "ERP", "phone": "phone"}

        answer = alice.post(f"/admin/crm-mappings/new/sources/{second}", data=sent, headers=headers)

        assert answer.status_code == 422
        assert re.search(r'<input[^>]*aria-invalid="true"[^>]* id="mapping_name"', answer.text)
        assert "Another CRM mapping has this name." in flat(answer)
        assert chosen(answer.text, "phone") == ["phone"]


class TestASource:
    def test_shows_what_is_set_for_the_source_itself(self, alice, mapping, url, first):
        with unit_of_work():
            source = session.get_one(FeedSource, first)
            source.company_column, source.found = "territory", {"count": 1234}

        page = alice.get(url)

        assert "Our ERP in ERP" in flat(page)
        assert f'href="/admin/sources/{first}"' in page.text
        assert "Key id" in flat(page)
        assert "Column of the ERP company territory" in flat(page)
        assert "1,234" in flat(page)

    def test_marks_name_and_number_as_mandatory_and_offers_them_no_fixed_value(self, alice, url):
        page = alice.get(url)

        for name in ("name", "number"):
            select = re.search(rf'<select[^>]* name="{name}"[^>]*>.*?</select>', page.text, re.S)
            assert 'aria-required="true"' in select.group()
            assert 'value="="' not in select.group()
        assert "Name *" in flat(page)
        assert "Number *" in flat(page)

    def test_asks_neither_how_accounts_are_found_nor_which_rows_are_taken(self, alice, url):
        page = alice.get(url)

        assert 'name="match"' not in page.text
        assert 'name="wanted"' not in page.text
        assert "Finds accounts" in flat(page)

    def test_keeps_all_that_was_chosen_and_shows_it_again(self, alice, url, mapping, first):
        sent = {
            **SENT, "phone": "phone", "phone.owner": "crm", "name.owner": "erp", "empty": "clear",
            "name.step": ["upper", ""], "name.step-value": ["", ""],
            "notes": "=", "notes.fixed": "From the ERP", "notes.owner": "blank",
            "terms": "city", "terms.from": ["soon", ""], "terms.to": ["net_30", "net_30"],
        }  # fmt: skip

        answer = alice.post(url, data=sent)

        assert answer.status_code == 303, flat(answer)
        assert answer.location == f"/admin/crm-mappings/{mapping}"
        columns = {"name": "name", "number": "code", "phone": "phone", "terms": "city"}
        steps = {"name": (Step(StepKind.UPPER),)}
        assert fed(mapping) == FedBy(
            first,
            FieldMapping(
                columns,
                clear_empty=True,
                fixed={"notes": "From the ERP"},
                steps=steps,
                values={"terms": {"soon": "net_30"}},
            ),
            {"phone": Owner.CRM, "notes": Owner.BLANK},
        )
        page = alice.get(url).text
        assert chosen(page, "phone.owner") == ["crm"]
        assert chosen(page, "notes.owner") == ["blank"]
        assert chosen(page, "name.step") == ["upper", ""]
        assert chosen(page, "terms.to") == ["net_30", ""]
        assert 'value="From the ERP"' in page

    def test_is_the_sources_own_unless_something_else_is_chosen(self, alice, url, mapping):
        alice.post(url, data={**SENT, "phone": "phone", "phone.owner": "made up"})

        assert fed(mapping).owned == {}
        assert chosen(alice.get(url).text, "phone.owner") == [""]

    def test_the_same_again_makes_no_new_version(self, alice, url, mapping):
        alice.post(url, data={**SENT, "phone": "phone"})

        assert kept(mapping).version == 1

    def test_another_one_is_read_as_well(self, alice, mapping, first, second):
        place = f"/admin/crm-mappings/{mapping}/sources/{second}"
        assert chosen(alice.get(place).text, "phone") == ["phone"]

        alice.post(place, data=SENT)

        assert [each.source_id for each in content_of(kept(mapping)).sources] == [first, second]

    def test_names_columns_that_are_gone_with_what_they_filled(self, make, alice, first, mapping):
        gone = FieldMapping({**MAPPING.columns, "fax": "telefax"})
        content = Content((FedBy(first, gone),))
        crm_mappings.save(mapping, "ERP", content, version=1, by=make.alice)

        page = alice.get(f"/admin/crm-mappings/{mapping}/sources/{first}")

        assert "Some columns are gone from the source" in flat(page)
        assert "Fax was filled from “telefax”." in flat(page)

    def test_names_fields_that_are_retired_and_lets_go_of_them(
        self, make, alice, url, mapping, first
    ):
        name = make.field("Zone").name
        filled = FieldMapping({**MAPPING.columns, name: "city"})
        content = Content((FedBy(first, filled, {name: Owner.CRM}),))
        crm_mappings.save(mapping, "ERP", content, version=1, by=make.alice)
        make.field("Zone", retired=True)

        page = alice.get(url)
        answer = alice.post(url, data={**SENT, "version": "2"})

        assert "Some fields are retired Zone" in flat(page)
        assert answer.status_code == 303
        assert (*fed(mapping).mapping.fields, *fed(mapping).owned) == ("name", "number")

    def test_that_is_away_shows_what_its_last_test_found_and_can_be_saved(
        self, alice, erp, url, mapping
    ):
        erp.columns = away

        page = alice.get(url)
        answer = alice.post(url, data={**SENT, "notes": "phone"})

        assert "The source cannot be read now It is away." in flat(page)
        assert "those of its last test" in flat(page)
        assert chosen(page.text, "phone") == ["phone"]
        assert answer.status_code == 303
        assert fed(mapping).mapping.columns["notes"] == "phone"


class TestSamples:
    @WAYS
    def test_follow_what_is_chosen_and_nothing_is_kept(self, alice, url, mapping, headers):
        sent = {**SENT, "name.step": ["upper", ""], "name.step-value": ["", ""]}

        page = alice.post(f"{url}/samples", data=sent, headers=headers)

        assert page.status_code == 200
        assert "Customer 1 CUSTOMER 1" in flat(page)
        assert kept(mapping).version == 1

    def test_of_one_field_come_alone_with_who_owns_it(self, alice, url):
        sent = {**SENT, "fax": "name", "fax.owner": "newest"}

        part = alice.post(f"{url}/samples?field=fax", data=sent, headers=htmx())

        assert part.text.lstrip().startswith('<div id="settings-crm-field-fax"')
        assert "Enter a phone number with at least three digits." in flat(part)
        assert chosen(part.text, "fax.owner") == ["newest"]

    def test_of_a_pick_list_come_with_the_words_that_nobody_knows(self, alice, second):
        place = f"/admin/crm-mappings/new/sources/{second}/samples?field=terms"

        part = alice.post(place, data={**NEW, "terms": "city"}, headers=htmx())

        assert "1 value is not in the list of Terms." in flat(part)
        assert 'value="soon"' in part.text

    def test_of_a_field_that_is_made_up_are_not_found(self, alice, url):
        answer = alice.post(f"{url}/samples?field=made_up", data=SENT, headers=htmx())

        assert answer.status_code == 404


class TestErrors:
    @WAYS
    @pytest.mark.parametrize(
        "wrong, field, said",
        [
            ({"name": ""}, "name", "every source must give it"),
            ({"number": ""}, "number", "every source must give it"),
            ({"number": "="}, "number", "every source must give it"),
            ({"phone": "made up"}, "phone", "Choose a column from the list."),
            ({"notes": "="}, "notes", "Enter the value that every row gets."),
            (
                {"terms": "city", "terms.from": "soon", "terms.to": "made up"},
                "terms",
                "is not in the list.",
            ),
        ],
    )
    def test_stand_at_their_fields_and_nothing_that_was_chosen_is_lost(
        self, alice, mapping, second, headers, wrong, field, said
    ):
        sent = {**SENT, "email": "zip", "email.owner": "crm", **wrong}

        answer = alice.post(
            f"/admin/crm-mappings/{mapping}/sources/{second}", data=sent, headers=headers
        )

        assert answer.status_code == 422
        assert re.search(rf'<select[^>]*aria-invalid="true"[^>]* id="{field}"', answer.text)
        assert said in flat(answer)
        assert chosen(answer.text, "email") == ["zip"]
        assert chosen(answer.text, "email.owner") == ["crm"]
        assert kept(mapping).version == 1

    def test_of_another_source_or_of_a_rule_hinder_nothing(
        self, make, alice, mapping, first, second
    ):
        with unit_of_work():
            row = session.get_one(CrmMapping, mapping)
            other = FedBy(first, FieldMapping({"name": "name"}))
            rule = Responsible("territory", "N", owner_id=999)
            row.content = Content((other,), (rule,)).as_json()

        answer = alice.post(f"/admin/crm-mappings/{mapping}/sources/{second}", data=SENT)

        assert answer.status_code == 303
        assert kept(mapping).version == 2

    def test_one_source_too_many_is_refused_in_words(self, make, alice, mapping, first, second):
        sources = [first, *(made.source(make, Erp(), f"Shop {n}") for n in range(1, MOST_SOURCES))]
        content = Content(tuple(FedBy(each, MAPPING) for each in sources))
        crm_mappings.save(mapping, "ERP", content, version=1, by=make.alice)
        place = f"/admin/crm-mappings/{mapping}/sources/{second}"

        answer = alice.post(place, data={**SENT, "version": "2", "phone": "phone"})

        assert answer.status_code == 422
        assert "A CRM mapping reads at most 20 sources." in flat(answer)
        assert chosen(answer.text, "phone") == ["phone"]
        assert "A CRM mapping reads at most 20 sources." in flat(alice.get(place))
        assert kept(mapping).version == 2

    @pytest.mark.parametrize("version", ["", "x", "-1", "99999999999999999999"])
    def test_a_version_that_was_tampered_with_is_refused(self, alice, url, mapping, version):
        answer = alice.post(url, data={**SENT, "version": version})

        assert answer.status_code == 422
        assert kept(mapping).version == 1


class TestWhoComesSecond:
    @pytest.fixture(autouse=True)
    def overtaken(self, make, mapping, first):
        wanted = FieldMapping({**MAPPING.columns, "fax": "phone"})
        content = Content((FedBy(first, wanted, {"phone": Owner.NEWEST}),))
        crm_mappings.save(mapping, "ERP", content, version=1, by=make.ivan)

    @WAYS
    def test_sees_what_was_changed_and_keeps_what_she_chose(self, alice, url, mapping, headers):
        sent = {**SENT, "notes": "city", "notes.owner": "blank"}

        answer = alice.post(url, data=sent, headers=headers)

        assert answer.status_code == 409
        assert "Somebody else saved this while you were editing it" in flat(answer)
        assert "“Our ERP”: Fax is filled from “phone”." in flat(answer)
        assert "“Our ERP”: Phone: The newest wins." in flat(answer)
        assert chosen(answer.text, "notes") == ["city"]
        assert chosen(answer.text, "notes.owner") == ["blank"]
        assert chosen(answer.text, "fax") == [""]
        assert 'aria-invalid="true"' not in answer.text
        assert kept(mapping).version == 2

    def test_can_send_it_again_over_what_was_saved(self, alice, url, mapping):
        answer = alice.post(url, data={**SENT, "notes": "city"})
        version = re.search(r'name="version"[^>]*value="(\d+)"', answer.text).group(1)

        again = alice.post(url, data={**SENT, "notes": "city", "version": version})

        assert again.status_code == 303
        assert fed(mapping).mapping.columns == {"name": "name", "number": "code", "notes": "city"}
        assert kept(mapping).version == 3

    def test_takes_nothing_back_that_is_about_another_source(self, alice, mapping, first, second):
        place = f"/admin/crm-mappings/{mapping}/sources/{second}"
        assert alice.post(place, data=SENT).status_code == 409

        alice.post(place, data={**SENT, "version": "2"})

        assert fed(mapping, 0).mapping.columns["fax"] == "phone"
        assert fed(mapping, 1).source_id == second
