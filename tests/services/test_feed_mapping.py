"""The columns of one source of a CRM mapping: looked at, suggested, kept in their place."""

from __future__ import annotations

import pytest

from crmapp.connectors.errors import Unreachable
from crmapp.db import session, unit_of_work
from crmapp.domain.feeds import Content, FedBy
from crmapp.domain.mapping import FieldMapping
from crmapp.domain.ownership import Owner
from crmapp.domain.suggestions import Mark
from crmapp.errors import Conflict, Invalid, NotFound
from crmapp.i18n import Text
from crmapp.models import CrmMapping, FeedSource
from crmapp.services import feed_mapping, feed_sources
from crmapp.services.crm_mappings import MOST_SOURCES
from crmapp.services.feed_mapping import KEPT_FOR, apart, content_of, keep, look, opening, placed
from crmapp.services.mapping_preview import count_words, previews
from crmapp.services.sources import SAMPLED
from tests.support.feeds import MAPPING, Erp, customer, mapping, source

TESTED = {"columns": [{"name": "code", "label": "Code"}, {"name": "name", "label": "Name"}]}


def rows(count: int = 3, **more):
    return [customer(number, **more) for number in range(1, count + 1)]


def row_of(source_id: int) -> FeedSource:
    return session.get_one(FeedSource, source_id)


def once_tested(source_id: int) -> FeedSource:
    with unit_of_work():
        row_of(source_id).found = TESTED
    return row_of(source_id)


def away(_locale: str):
    raise Unreachable(Text("It is away."))


def fed(source_id: int, owned=None, **columns) -> FedBy:
    return FedBy(source_id, FieldMapping({**MAPPING.columns, **columns}), owned or {})


def kept(mapping_id: int) -> CrmMapping:
    session.rollback()
    return session.get_one(CrmMapping, mapping_id)


# --- looking ----------------------------------------------------------------------------------


def test_a_source_is_read_outside_any_transaction(make):
    erp = Erp(rows())
    seen: list[bool] = []
    plain = erp.columns
    erp.columns = lambda locale: seen.append(session().in_transaction()) or plain(locale)

    found = look(row_of(source(make, erp)))

    assert seen == [False]
    assert found.read
    assert found.problem is None
    assert {each.name: each.samples for each in found.found}["name"] == (
        "Customer 1",
        "Customer 2",
        "Customer 3",
    )


def test_only_the_first_rows_are_read(make):
    found = look(row_of(source(make, Erp(rows(SAMPLED + 100)))))

    assert found.count() == SAMPLED
    assert count_words(found, ["phone"])["phone"] == {"555 123": SAMPLED}


def test_its_rows_come_in_pages(make):
    found = look(row_of(source(make, Erp(rows(5)))))

    first = found.rows(None, 3)
    second = found.rows(first.until, 3)

    assert [key for key, _cells in (*first.found, *second.found)] == ["1", "2", "3", "4", "5"]
    assert found.rows(second.until, 3).found == []


def test_words_and_samples_are_shown_of_it(make):
    found = look(row_of(source(make, Erp(rows(2, city="soon")))))
    mapped = FieldMapping({"terms": "city"})

    shown = previews(found, found.found, mapped, ["terms"], by=make.alice, locale="en")["terms"]

    assert [(word.text, word.count) for word in shown.words] == [("soon", 2)]


def test_what_was_read_a_moment_ago_is_not_read_again_unless_that_is_wanted(make, clock):
    erp = Erp(rows(1))
    our = row_of(source(make, erp))
    look(our, again=True)  # another test may have stood at the same moment
    erp.rows += rows(1)

    assert look(our).count() == 1
    assert look(our, again=True).count() == 2
    erp.rows += rows(1)
    clock.shift(KEPT_FOR)
    assert look(our).count() == 2
    clock.shift(1)
    assert look(our).count() == 3


def test_a_source_that_is_set_otherwise_is_read_anew(make):
    erp = Erp(rows(1))
    source_id = source(make, erp)
    look(row_of(source_id))
    erp.rows += rows(1)
    with unit_of_work():
        row_of(source_id).version += 1

    assert look(row_of(source_id)).count() == 2


def test_where_it_cannot_be_read_its_last_test_serves_and_the_problem_is_noted(make):
    erp = Erp(rows())
    our = once_tested(source(make, erp))
    erp.columns = away

    found = look(our)

    assert not found.read
    assert [each.name for each in found.found] == ["code", "name"]
    assert found.count() == 0
    assert str(found.problem.sentence) == "It is away."
    assert feed_sources.state_of(our) == "problem"


def test_where_there_is_nothing_to_read_its_last_test_serves_too(make):
    erp = Erp()
    our = once_tested(source(make, erp))
    erp.columns = lambda _locale: []

    found = look(our)

    assert [each.name for each in found.found] == ["code", "name"]
    assert (found.read, found.problem) == (False, None)


def test_a_source_that_was_never_tested_and_is_away_has_no_columns(make):
    erp = Erp()
    erp.columns = away

    assert look(row_of(source(make, erp))).found == []


def test_a_retired_source_is_not_there(make):
    source_id = source(make, Erp())
    feed_sources.retire(source_id, version=row_of(source_id).version, by=make.alice)

    with pytest.raises(NotFound):
        look(row_of(source_id))


# --- what the page begins with ------------------------------------------------------------------


def test_a_new_source_begins_with_what_is_suggested(make):
    our = row_of(source(make, Erp(rows())))

    begun = opening(our, look(our), None)

    assert begun.mapping.columns["name"] == "name"
    assert begun.mapping.columns["phone"] == "phone"
    assert begun.suggestions["name"].mark is Mark.EXACT


def test_what_is_set_for_the_source_itself_is_suggested_for_nothing(make):
    plain = row_of(source(make, Erp(rows())))
    ours = row_of(source(make, Erp(rows()), "Ours", company_column="territory"))

    assert "territory" in opening(plain, look(plain), None).suggestions
    assert "territory" not in opening(ours, look(ours), None).suggestions
    kept = FieldMapping({"territory": "territory"})
    assert opening(ours, look(ours), kept).mapping == kept


def test_what_was_saved_needs_no_second_look(make):
    our = row_of(source(make, Erp(rows())))

    begun = opening(our, look(our), FieldMapping({"name": "city", "email": "phone"}))

    said = {name: (each.mark, str(each.reason)) for name, each in begun.suggestions.items()}
    assert said["name"] == (Mark.EXACT, "As it was saved.")
    assert said["email"][0] is Mark.CHECK
    assert begun.mapping.columns == {"name": "city", "email": "phone"}


def test_a_column_that_is_gone_is_named_and_another_is_suggested(make):
    our = row_of(source(make, Erp(rows())))

    kept = FieldMapping({"name": "name", "phone": "telefon", "notes": "remark"})
    begun = opening(our, look(our), kept)

    assert begun.gone == {"phone": "telefon", "notes": "remark"}
    assert begun.mapping.columns == {"name": "name", "phone": "phone"}


def test_a_source_that_is_away_takes_no_column_out_of_a_mapping(make):
    erp = Erp()
    our = once_tested(source(make, erp))
    erp.columns = away
    said = FieldMapping({"name": "name", "phone": "telefon", "fax": "telefon"})

    begun = opening(our, found := look(our).holding(said), said)

    assert [each.name for each in found.found] == ["code", "name", "telefon"]
    assert (begun.mapping, begun.gone) == (said, {})


def test_a_source_that_was_read_has_the_columns_that_it_has(make):
    found = look(row_of(source(make, Erp(rows()))))

    assert found.holding(FieldMapping({"phone": "telefon"})) == found


# --- keeping ------------------------------------------------------------------------------------


def test_a_new_mapping_reads_its_first_source(make):
    first = source(make, Erp(rows()))
    wanted = fed(first, {"phone": Owner.CRM})

    mapping_id = keep(None, "Ours", wanted, look(row_of(first)), by=make.alice)

    assert kept(mapping_id).name == "Ours"
    assert content_of(kept(mapping_id)) == Content((wanted,))


def test_one_more_source_comes_last_and_one_that_is_there_stays_in_its_place(make):
    first, second = source(make, Erp(rows())), source(make, Erp(rows()), "Shop")
    mapping_id = mapping(make, first)

    keep(kept(mapping_id), "", fed(second), look(row_of(second)), version=1, by=make.alice)
    changed = fed(first, notes="city")
    keep(kept(mapping_id), "", changed, look(row_of(first)), version=2, by=make.alice)

    assert content_of(kept(mapping_id)).sources == (changed, fed(second))
    assert kept(mapping_id).name == "ERP"


def test_a_column_that_the_source_has_not_is_refused_at_its_field(make):
    first, second = source(make, Erp(rows())), source(make, Erp(rows()), "Shop")
    mapping_id, wanted = mapping(make, first), fed(second, notes="made up")

    with pytest.raises(Invalid) as refused:
        keep(kept(mapping_id), "", wanted, look(row_of(second)), version=1, by=make.alice)

    assert [*refused.value.fields] == ["1.notes"]


def test_who_comes_second_is_told_and_can_see_what_was_changed(make):
    first, second = source(make, Erp(rows())), source(make, Erp(rows()), "Shop")
    mapping_id = mapping(make, first)
    keep(kept(mapping_id), "", fed(second), look(row_of(second)), version=1, by=make.alice)

    with pytest.raises(Conflict):
        keep(kept(mapping_id), "", fed(first), look(row_of(first)), version=1, by=make.ivan)

    (step,) = feed_mapping.since(kept(mapping_id), 1)
    assert step.version.by == make.alice
    assert "“Shop” is read." in [str(each) for each in step.changes]


def test_a_mapping_reads_no_more_sources_than_it_may(make):
    many = Content(tuple(fed(number) for number in range(1, MOST_SOURCES + 1)))

    with pytest.raises(Invalid) as refused:
        placed(many, fed(99))

    assert "at most 20 sources" in str(refused.value.fields["sources"])
    assert feed_mapping.full(many, 1) is None
    assert placed(many, fed(1, notes="city")).sources[0] == fed(1, notes="city")


def test_what_is_wrong_with_a_source_is_told_from_the_rest(make):
    content = Content((fed(7), fed(9)))
    wrong = {"0.phone": "a", "1.name": "b", "1.terms": "c", "responsible.0": "d"}

    own, rest = apart(Invalid(wrong), content, 9)

    assert {name: str(text) for name, text in own.items()} == {"name": "b", "terms": "c"}
    assert {name: str(text) for name, text in rest.items()} == {
        "0.phone": "a",
        "responsible.0": "d",
    }
