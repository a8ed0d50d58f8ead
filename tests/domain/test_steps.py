"""What steps make of a cell, in their order."""

from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from crmapp.domain.fields import BadValue
from crmapp.domain.steps import LABELS, Step, StepKind, date_step, problem, take

steps = st.builds(Step, st.sampled_from(StepKind), st.sampled_from(["", "33", "none"]))


@pytest.mark.parametrize(
    "kind, before, after",
    [
        ("trim", "  Acme   Ltd ", "Acme Ltd"),
        ("upper", "fr 12", "FR 12"),
        ("lower", "Info@ACME.example", "info@acme.example"),
        ("title", "o'brien & sons DON'T l'oréal", "O'Brien & Sons Don't L'Oréal"),
        ("first_word", "Anna Maria Nowak", "Anna"),
        ("other_words", "Anna Maria Nowak", "Maria Nowak"),
        ("other_words", "Anna", ""),
        ("day_first", "31/12/2026", "2026-12-31"),
        ("day_first", "1.2.2026 14:05", "2026-02-01 14:05:00"),
        ("day_first", "1.2.2026T9:05:07.123", "2026-02-01 09:05:07"),
        ("day_first", "1.2.2026 00:00:00", "2026-02-01"),
        ("month_first", "12/31/2026, 2:05 PM", "2026-12-31 14:05:00"),
        ("month_first", "12/31/2026 12:05 a.m.", "2026-12-31 00:05:00"),
        ("month_first", "12/31/2026", "2026-12-31"),
        ("year_first", "2026-2-1", "2026-02-01"),
        ("year_first", "20260201", "2026-02-01"),
        ("point", "-1,234,567.50", "-1234567.50"),
        ("point", "1 234.5", "1234.5"),
        ("comma", "1.234,56", "1234.56"),
        ("comma", "1 234", "1234"),
    ],
)
def test_a_step_changes_a_cell(kind, before, after):
    assert take([Step(StepKind(kind))], before) == after


@pytest.mark.parametrize(
    "before, after",
    [
        ("01 23 45 67 89", "+33 1 23 45 67 89"),
        ("(0)1 23 45", "+33 1 23 45"),
        ("0044 20 7946", "+44 20 7946"),
        ("+1 555 0100", "+1 555 0100"),
        ("call Ann", "call Ann"),
    ],
)
def test_a_phone_number_gets_its_country_code(before, after):
    assert take([Step(StepKind.PHONE, "+33")], before) == after


@pytest.mark.parametrize(
    "kind, cell",
    [
        ("day_first", "12/31/2026"),
        ("day_first", "2026-12-31"),
        ("month_first", "31/12/2026"),
        ("year_first", "soon"),
        ("point", "1.234,56"),
        ("comma", "1,234.56"),
        ("comma", "12.5"),
        ("comma", "abc"),
        ("comma", "2 2"),
        ("point", "1 2345"),
    ],
)
def test_a_cell_that_is_written_otherwise_is_refused(kind, cell):
    with pytest.raises(BadValue) as refused:
        take([Step(StepKind(kind))], cell)

    assert f"“{cell}” is not a" in str(refused.value.text)


def test_steps_are_taken_in_their_order():
    first_then_upper = [Step(StepKind.FIRST_WORD), Step(StepKind.UPPER)]

    assert take(first_then_upper, "acme ltd") == "ACME"
    assert take([Step(StepKind.DEFAULT, "n/a"), Step(StepKind.UPPER)], None) == "N/A"
    assert take([Step(StepKind.UPPER), Step(StepKind.DEFAULT, "n/a")], " ") == "n/a"


@given(st.dates(date(1000, 1, 1)))
def test_a_date_is_read_back_however_it_was_written(day):
    written = {
        StepKind.DAY_FIRST: f"{day.day}/{day.month}/{day.year}",
        StepKind.MONTH_FIRST: f"{day.month:02}-{day.day:02}-{day.year}",
        StepKind.YEAR_FIRST: f"{day:%Y%m%d}".zfill(8),
    }

    assert {take([Step(kind)], text) for kind, text in written.items()} == {day.isoformat()}


@given(st.decimals(-(10**12), 10**12, places=2))
def test_an_amount_is_read_back_with_point_or_comma(amount):
    point = f"{amount:,.2f}"
    comma = point.translate(str.maketrans(",.", ".,"))

    assert take([Step(StepKind.POINT)], point) == f"{amount:.2f}"
    assert take([Step(StepKind.COMMA)], comma) == f"{amount:.2f}"


@given(st.lists(steps, max_size=6), st.one_of(st.text(), st.none(), st.dates(), st.decimals()))
def test_any_steps_give_a_text_or_say_what_does_not_fit(chosen, cell):
    try:
        text = take(chosen, cell)
    except BadValue as error:
        text = str(error.text)

    assert text == text.strip()


@given(st.lists(steps, max_size=6))
def test_nothing_stays_nothing_without_a_default(chosen):
    plain = [step for step in chosen if step.kind is not StepKind.DEFAULT]

    assert take(plain, None) == take(plain, "  ") == ""


@given(steps)
def test_steps_are_kept_as_json(step):
    assert Step.from_json(step.as_json()) == step


def test_every_step_has_a_name_and_a_step_with_a_value_says_what_is_missing():
    assert LABELS.keys() == set(StepKind)
    assert problem(Step(StepKind.PHONE, "0")) is not None
    assert problem(Step(StepKind.DEFAULT, " ")) is not None
    assert problem(Step(StepKind.PHONE, "+33")) is None
    assert problem(Step(StepKind.TRIM)) is None


@pytest.mark.parametrize(
    "samples, step",
    [
        (["31/12/2026 14:05", "01/02/2026 09:00"], "day_first"),
        (["12/31/2026"], "month_first"),
        (["2026/12/31"], "year_first"),
        (["01/02/2026"], None),  # of which nobody knows
        (["31/12/2026", "12/31/2026"], None),
        (["2026-12-31", "2026-12-31T14:05:00+01:00"], None),  # as we read them
        (["soon"], None),
        ([], None),
    ],
)
def test_dates_say_which_step_they_need(samples, step):
    assert date_step(samples) == step
