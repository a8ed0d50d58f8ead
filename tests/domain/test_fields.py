"""What people type and sources hold, read as values of each kind of field."""

from __future__ import annotations

from datetime import UTC, date, datetime
from decimal import Decimal
from zoneinfo import ZoneInfo

import pytest

from crmapp.domain.fields import BadValue, Field, Kind, Lookups, check, freeze, parse, thaw

LOOKUPS = Lookups(
    {"zone": {"north": "north", "nord": "north", "south": "south", "east, far": "far"}},
    accounts={"C1": 7, "Twins": 0},
    zone=ZoneInfo("Europe/Paris"),
)


def a_field(kind, **more):
    return Field(name="c_x", label="X", help="", kind=kind, pick_list="zone", **more)


@pytest.mark.parametrize(
    "kind, typed, value",
    [
        (Kind.NUMBER, "12.50", Decimal("12.5")),
        (Kind.NUMBER, "1 250", Decimal(1250)),
        (Kind.NUMBER, "0,125", Decimal("0.125")),
        (Kind.NUMBER, "1,250", Decimal(1250)),
        (Kind.NUMBER, "-0", Decimal(0)),
        (Kind.NUMBER, 0.1 + 0.2, Decimal("0.3")),
        (Kind.NUMBER, 1e-5, Decimal("0.00001")),
        (Kind.DATE, "2026-11-22", date(2026, 11, 22)),
        (Kind.DATE, "2026-11-22 14:30:00", date(2026, 11, 22)),
        (Kind.MULTI_PICK_LIST, "South, Nord", ["north", "south"]),
        (Kind.MULTI_PICK_LIST, "East, far", ["far"]),
        (Kind.MULTI_PICK_LIST, "east, far; south", ["far", "south"]),
        (Kind.MULTI_PICK_LIST, ["south", "north", "south"], ["north", "south"]),
        (Kind.MULTI_PICK_LIST, [], None),
        (Kind.ACCOUNT, " C1 ", 7),
        (Kind.RECORD, " 0042 ", 42),
        (Kind.MOMENT, "2026-07-01 14:30", datetime(2026, 7, 1, 12, 30, tzinfo=UTC)),
        (Kind.MOMENT, "2026-07-01T14:30:00+00:00", datetime(2026, 7, 1, 14, 30, tzinfo=UTC)),
    ],
)
def test_a_value_is_read_and_kept_as_json_and_read_again(kind, typed, value):
    spec = a_field(kind)

    read = parse(spec, typed, LOOKUPS)

    assert read == value
    assert thaw(spec, freeze(read)) == value


@pytest.mark.parametrize(
    "kind, typed, said",
    [
        (Kind.NUMBER, "twelve", "Enter a number"),
        (Kind.NUMBER, "1e99", "at most 15 digits"),
        (Kind.NUMBER, "1234567890123456", "at most 15 digits"),
        (Kind.NUMBER, "1e999999999", "Enter a number"),
        (Kind.NUMBER, "NaN", "Enter a number"),
        (Kind.NUMBER, "2 2", "Enter a number"),
        (Kind.MONEY, "1 250 5", "Enter an amount"),
        (Kind.DATE, "22/11/2026", "Enter a date"),
        (Kind.DATE, "2026-02-30", "Enter a date"),
        (Kind.DATE, "20261", "Enter a date"),
        (Kind.MULTI_PICK_LIST, "north, west", "“west” is not in the list"),
        (Kind.ACCOUNT, "7", "No account that you see"),
        (Kind.ACCOUNT, "Twins", "Several accounts"),
        (Kind.RECORD, "C1", "Enter the id as our exports have it"),
        (Kind.RECORD, "1" * 16, "Enter the id as our exports have it"),
        (Kind.TEXT, "x" * 10_000, "Too long: 10000 characters, at most 200 fit"),
        (Kind.URL, "https://x.example/" + "y" * 10_000, "Too long"),
    ],
)
def test_what_is_no_such_value_is_refused_with_what_to_do(kind, typed, said):
    with pytest.raises(BadValue, match=said):
        parse(a_field(kind), typed, LOOKUPS)


@pytest.mark.parametrize("empty", [None, "", []])
def test_a_required_field_takes_nothing_empty(empty):
    with pytest.raises(BadValue, match="required"):
        check(a_field(Kind.TEXT, required=True), empty)
