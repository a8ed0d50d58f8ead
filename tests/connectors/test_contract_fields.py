"""What an upsert does to the fields of a record, also to those that a row does not name."""

from __future__ import annotations

import pytest

from crmapp.connectors.errors import ConfigBroken


def read(subject, connector, *matches):
    """Return the two loose fields of records, in the order of what they are matched by."""
    found = connector.read_some(subject.object, subject.loose, subject.match, matches)
    by_match = {record[subject.match]: record for record in found}
    return [tuple(by_match[match][name] for name in subject.loose) for match in matches]


def loose(subject, number, *values):
    return {**subject.row(number), **dict(zip(subject.loose, values, strict=True))}


def written(subject, connector, *rows):
    """Write rows that are all accepted."""
    results = connector.upsert(subject.object, subject.match, rows)
    assert [result.error for result in results] == [None] * len(rows)


def test_fields_within_others_are_written_with_a_new_record(subject):
    connector = subject.connect()

    written(subject, connector, loose(subject, 1, "031 300 00 01", "Bern"))

    assert read(subject, connector, "T-0001") == [("031 300 00 01", "Bern")]


def test_fields_within_others_are_changed(subject):
    connector = subject.connect()
    written(subject, connector, loose(subject, 1, "031 300 00 01", "Bern"))

    written(subject, connector, loose(subject, 1, "021 300 00 02", "Lausanne"))

    assert read(subject, connector, "T-0001") == [("021 300 00 02", "Lausanne")]


@pytest.mark.parametrize("nothing", [None, ""])
def test_a_field_without_a_value_is_emptied(subject, nothing):
    connector = subject.connect()
    written(subject, connector, loose(subject, 1, "031 300 00 01", "Bern"))

    written(subject, connector, loose(subject, 1, nothing, "Thun"))

    assert read(subject, connector, "T-0001") == [(None, "Thun")]


def test_a_new_record_may_lack_values(subject):
    connector = subject.connect()

    written(subject, connector, loose(subject, 1, None, ""), loose(subject, 2, "031", None))

    assert read(subject, connector, "T-0001", "T-0002") == [(None, None), ("031", None)]


def test_each_row_changes_only_the_fields_that_it_names(subject):
    connector = subject.connect()
    phone, city = subject.loose
    numbers = range(5)
    written(subject, connector, *[loose(subject, number, "031", "Bern") for number in numbers])

    written(
        subject,
        connector,
        {subject.match: "T-0000", phone: "032"},
        {subject.match: "T-0001", city: "Biel"},
        {subject.match: "T-0002", phone: None},
        {subject.match: "T-0003", subject.name: "Renamed"},
        {subject.match: "T-0009", subject.name: "New", city: "Chur"},
    )

    assert read(subject, connector, *[f"T-000{number}" for number in (0, 1, 2, 3, 4, 9)]) == [
        ("032", "Bern"), ("031", "Biel"), (None, "Bern"), ("031", "Bern"), ("031", "Bern"),
        (None, "Chur"),
    ]  # fmt: skip


@pytest.mark.parametrize("beside", [False, True])
def test_a_field_that_never_was_is_named_and_nothing_is_written(subject, beside):
    connector = subject.connect()
    folder, dot, _phone = subject.loose[0].rpartition(".")
    gone = f"{folder}{dot}NoSuchField" if beside else "NoSuchField"

    with pytest.raises(ConfigBroken) as broken:
        connector.upsert(subject.object, subject.match, [{**subject.row(1), gone: "x"}])

    assert broken.value.field == gone
    assert list(connector.read_some(subject.object, [], subject.match, ["T-0001"])) == []
