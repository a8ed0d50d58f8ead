"""How every connector reads the records that have one of many values."""

from __future__ import annotations

import pytest

from crmapp.connectors.errors import ConfigBroken
from crmapp.connectors.sandbox.faults import Kind

QUOTES = ["O'Hara", 'say "so"', "back\\slash", "<b> & co", "100%_", "Zoë 漢"]


@pytest.fixture
def connector(subject):
    """A connector with thirty records that knows their object."""
    connector = subject.connect(page=subject.page)
    connector.upsert(subject.object, subject.match, subject.rows(30))
    connector.describe(subject.object)
    return connector


def matches(subject, records):
    return sorted(record[subject.match] for record in records)


def test_records_are_read_by_the_values_that_they_have(subject, connector):
    wanted = ["T-0003", "T-0007", "T-0003", "T-9999"]

    records = list(connector.read_some(subject.object, [subject.name], subject.match, wanted))

    assert matches(subject, records) == ["T-0003", "T-0007"]
    assert {record[subject.name] for record in records} == {"Tried 3", "Tried 7"}
    for record in records:
        alone = connector.read_one(subject.object, str(record[subject.id]), [subject.name])
        assert alone[subject.name] == record[subject.name]


def test_records_are_read_by_their_own_ids(subject, connector):
    written = connector.upsert(subject.object, subject.match, subject.rows(5))
    ids = [result.id for result in written]

    records = list(
        connector.read_some(
            subject.object, [subject.match], subject.id, [*ids, subject.nobody, "no id"]
        )
    )

    assert sorted(str(record[subject.id]) for record in records) == sorted(ids)


def test_values_are_compared_as_the_system_compares_them(subject, connector):
    wanted = ["t-0003", "T-0003", "t-0004"]

    records = list(connector.read_some(subject.object, [], subject.match, wanted))

    ignores_case = subject.kind == "salesforce"
    assert matches(subject, records) == (["T-0003", "T-0004"] if ignores_case else ["T-0003"])


@pytest.mark.parametrize("values", [[], ["", "  "]])
def test_no_values_are_no_requests(subject, connector, values):
    asked = len(subject.log)

    assert list(connector.read_some(subject.object, [], subject.match, values)) == []

    assert len(subject.log) == asked


def test_values_may_hold_any_character(subject, connector):
    rows = [{subject.match: f"Q-{n}", subject.name: name} for n, name in enumerate(QUOTES)]
    connector.upsert(subject.object, subject.match, rows)

    records = list(
        connector.read_some(subject.object, [], subject.name, [*QUOTES, "' OR Name != '"])
    )

    assert {record[subject.name] for record in records} == set(QUOTES)


def test_thousands_of_values_take_as_few_requests_as_can_be(subject, connector):
    wanted = [f"T-{number:04}" for number in range(2500)]
    connector = subject.connect(known=[connector.describe(subject.object)])
    connector.count(subject.object)  # signs in
    asked = len(subject.log)

    records = list(connector.read_some(subject.object, subject.fields, subject.match, wanted))

    assert matches(subject, records) == wanted[:30]
    assert len(subject.log) - asked == (1 if subject.kind == "salesforce" else 3)


def test_a_value_that_many_records_have_is_read_whole(subject, connector):
    many = subject.page + 10
    rows = [{**subject.row(number), subject.name: "One of many"} for number in range(many)]
    connector.upsert(subject.object, subject.match, rows)

    records = list(connector.read_some(subject.object, [], subject.name, ["One of many"]))
    found = list(
        connector.read_some(subject.object, [subject.match], subject.name, ["One of many"])
    )

    assert len({record[subject.id] for record in records}) == len(records) == many
    assert matches(subject, found) == [row[subject.match] for row in rows]


def test_a_field_that_is_not_there_is_named(subject, connector):
    with pytest.raises(ConfigBroken) as broken:
        list(connector.read_some(subject.object, [], "NoSuchField", ["1"]))

    assert broken.value.field == "NoSuchField"


def test_a_field_that_is_gone_is_not_left_out(subject, connector):
    gone = subject.others[0]
    subject.fault(Kind.FIELD_VANISHED, object=subject.object, field=gone, times=None)

    with pytest.raises(ConfigBroken) as broken:
        list(connector.read_some(subject.object, [gone], subject.match, ["T-0001"]))

    assert broken.value.field == gone
