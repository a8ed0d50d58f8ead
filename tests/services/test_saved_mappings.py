"""Mappings are saved under a name, in versions that never change."""

from __future__ import annotations

import pytest

from crmapp.db import session
from crmapp.domain.mapping import FieldMapping
from crmapp.errors import Forbidden, Invalid, NotFound
from crmapp.models import MappingVersion, Run
from crmapp.services import runs, saved_mappings, upserts
from crmapp.services.mapping_start import opening
from tests.factories import Make
from tests.support.upserts import MAPPING, start

OTHER = FieldMapping({"name": "name", "number": "code"})


def save(make: Make, mapping: FieldMapping = MAPPING, name: str = "ERP") -> MappingVersion:
    return saved_mappings.save(start(make), name, mapping, by=make.mona)


def plan_with(make: Make, version: MappingVersion, mapping: FieldMapping) -> Run:
    run_id, noted = start(make), saved_mappings.recorded(version, mapping)
    upserts.plan_later(run_id, mapping, confirmed=None, by=make.mona, saved=noted)
    runs.work(run_id)
    return runs.get(run_id, by=make.mona)


def test_the_same_name_makes_the_next_version_and_the_first_stays(make: Make) -> None:
    first = save(make)
    second = save(make, OTHER)
    assert (first.mapping_id, first.version) == (second.mapping_id, 1)
    assert second.version == 2
    assert FieldMapping.from_json(first.content) == MAPPING


def test_what_has_not_changed_makes_no_version(make: Make) -> None:
    assert save(make).id == save(make).id


def test_names_are_saved_with_single_spaces(make: Make) -> None:
    assert save(make, name=" ERP  customers ").id == save(make, name="ERP customers").id


def test_a_mapping_that_cannot_be_used_is_not_saved(make: Make) -> None:
    with pytest.raises(Invalid) as refused:
        save(make, FieldMapping({"number": "gone"}))
    assert set(refused.value.fields) == {"name", "number"}
    assert saved_mappings.listed(by=make.mona) == []


@pytest.mark.parametrize("name", ["", "  ", "x" * 81, "a\x00b"])
def test_a_mapping_needs_a_name(make: Make, name: str) -> None:
    with pytest.raises(Invalid) as refused:
        save(make, name=name)
    assert list(refused.value.fields) == ["save_as"]


def test_a_run_notes_the_version_that_it_began_with_and_keeps_the_whole_mapping(
    make: Make,
) -> None:
    version = save(make)
    planned = plan_with(make, version, MAPPING)
    assert planned.mapping["saved"] == {
        "id": version.mapping_id,
        "name": "ERP",
        "version": 1,
        "changed": False,
    }
    assert planned.mapping["columns"] == MAPPING.columns


def test_a_run_says_when_the_mapping_was_changed(make: Make) -> None:
    assert plan_with(make, save(make), OTHER).mapping["saved"]["changed"] is True


def test_a_plan_made_anew_keeps_the_note(make: Make) -> None:
    planned = plan_with(make, save(make), MAPPING)
    noted = planned.mapping["saved"]
    upserts.plan_again_later(planned.id, by=make.mona)
    session.rollback()
    assert runs.get(planned.id, by=make.mona).mapping["saved"] == noted


def test_the_next_run_of_the_source_begins_with_the_version_of_the_last(make: Make) -> None:
    version = save(make)
    plan_with(make, version, MAPPING)
    run = upserts.get(start(make), by=make.mona)
    begun = opening(run, upserts.source_of(run, by=make.mona).columns())
    assert begun.saved == (version.mapping_id, 1)


def test_a_version_whose_columns_are_gone_says_so(make: Make) -> None:
    version = save(make)
    run = upserts.get(start(make, {"C1": {"code": "C1", "name": "Acme"}}), by=make.mona)
    begun = opening(run, upserts.source_of(run, by=make.mona).columns(), version)
    assert begun.gone == {"phone": "phone"}
    assert begun.mapping.columns == {"name": "name", "number": "code"}


def test_versions_tell_what_they_changed(make: Make) -> None:
    save(make)
    saved = saved_mappings.get(save(make, OTHER).mapping_id, by=make.mona)
    newest, first = saved_mappings.story(saved)
    assert [str(change) for change in newest.changes] == ["Phone is left untouched."]
    assert len(first.changes) == 3
    back = saved_mappings.between(saved, 2, 1)
    assert [str(change) for change in back] == ["Phone is filled from “phone”."]


def test_there_is_no_difference_to_a_version_that_is_none(make: Make) -> None:
    saved = saved_mappings.get(save(make).mapping_id, by=make.mona)
    with pytest.raises(NotFound):
        saved_mappings.between(saved, 1, 2)
    with pytest.raises(NotFound):
        saved_mappings.version(saved.id, 7, by=make.mona)


def test_a_mapping_that_is_renamed_keeps_its_versions(make: Make) -> None:
    version = save(make)
    saved_mappings.rename(version.mapping_id, "Customers", by=make.mona)
    assert save(make, OTHER, "Customers").version == 2


def test_two_mappings_of_a_source_do_not_share_a_name(make: Make) -> None:
    save(make)
    other = save(make, name="Other")
    with pytest.raises(Invalid) as refused:
        saved_mappings.rename(other.mapping_id, "ERP", by=make.mona)
    assert list(refused.value.fields) == ["save_as"]


def test_a_retired_mapping_is_offered_no_more_and_frees_its_name(make: Make) -> None:
    old = save(make)
    saved_mappings.retire(old.mapping_id, by=make.mona)
    new = save(make)
    assert new.mapping_id != old.mapping_id
    assert [each.id for each in saved_mappings.listed(by=make.mona)] == [new.mapping_id]
    retired = saved_mappings.listed(by=make.mona, retired=True)
    assert [each.id for each in retired] == [old.mapping_id]
    with pytest.raises(Invalid):
        saved_mappings.retire(old.mapping_id, by=make.mona, back=True)


def test_a_retired_mapping_can_come_back(make: Make) -> None:
    version = save(make)
    saved_mappings.retire(version.mapping_id, by=make.mona)
    saved_mappings.retire(version.mapping_id, by=make.mona, back=True)
    assert [each.name for each in saved_mappings.listed(by=make.ivan)] == ["ERP"]


def test_mappings_are_for_those_who_may_run_them(make: Make) -> None:
    version = save(make)
    for forbidden in (
        lambda: saved_mappings.listed(by=make.bob),
        lambda: saved_mappings.version(version.mapping_id, by=make.carol),
        lambda: saved_mappings.rename(version.mapping_id, "x", by=make.bob),
        lambda: saved_mappings.retire(version.mapping_id, by=make.carol),
    ):
        with pytest.raises(Forbidden):
            forbidden()
