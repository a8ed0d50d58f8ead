"""CSV files that spreadsheets open and do not execute."""

from __future__ import annotations

import csv
import io
from datetime import date
from decimal import Decimal
from typing import Any

import pytest
from python_calamine import CalamineWorkbook

from crmapp.services.sheet_files import Heading, cell, csv_lines, plain
from crmapp.web.sheets import csv_response, xlsx_response


def read(header: list[str], rows: list[list[Any]]) -> list[list[str]]:
    text = "".join(csv_lines(header, rows))
    return list(csv.reader(io.StringIO(text.removeprefix("\ufeff"))))


@pytest.mark.parametrize(
    "text",
    ["=cmd()", "+33 1 23", "-1+1", "@SUM(A1)", "\t=1", "\r=1", "＝1", "＋1", "－1", "＠A"],
)
def test_a_text_that_could_be_a_formula_is_kept_a_text(text):
    assert cell(text) == f"'{text}"


@pytest.mark.parametrize("value", [-5, 2.5, Decimal("-12.50"), 0])
def test_numbers_stay_numbers(value):
    assert cell(value) == value


@pytest.mark.parametrize("text", ["Łódź", "שלום עולם", "a=b", "0123", "", "'quoted"])
def test_other_texts_stay_as_they_are(text):
    assert cell(text) == text


def test_nothing_is_an_empty_cell_and_a_day_is_written_for_machines():
    assert [cell(None), cell(date(2026, 6, 15))] == ["", "2026-06-15"]


def test_quotes_commas_and_lines_survive():
    row = ['say "hi"', "a,b", "two\nlines"]

    assert read(["x", "y", "z"], [row]) == [["x", "y", "z"], row]


def test_headers_are_cells_too():
    assert read(["=cmd()"], []) == [["'=cmd()"]]


def test_the_file_begins_with_the_mark_that_says_utf_8():
    assert next(csv_lines(["Łódź"], [])).encode().startswith(b"\xef\xbb\xbf\xc5\x81")


def test_many_rows_come_in_pieces():
    pieces = list(csv_lines(["n"], ([n] for n in range(1200))))

    assert len(pieces) == 3
    assert "".join(pieces).count("\r\n") == 1201


def test_a_file_is_a_download_with_a_name(app):
    with app.test_request_context():
        response = csv_response("run-1.csv", ["a"], [["1"]])

    assert response.headers["Content-Disposition"] == "attachment; filename=run-1.csv"
    assert response.headers["Content-Type"] == "text/csv; charset=utf-8"


def test_a_workbook_holds_texts_numbers_and_days_as_such(app):
    header = [
        Heading("Łódź"),
        Heading("n", "number"),
        Heading("share", "percent"),
        Heading("d", "date"),
    ]
    rows = [["=cmd()", Decimal("-12.5"), 0.125, date(2026, 6, 15)], ["0123", None, None, None]]
    with app.test_request_context():
        response = xlsx_response(
            "a.xlsx", "Sales: 'all' [2026]", header, [*rows, ["Total", 1, 0.5, None]], True
        )

    book = CalamineWorkbook.from_filelike(io.BytesIO(response.data))
    assert book.sheet_names == ["Sales   all   2026"]
    assert book.get_sheet_by_index(0).to_python() == [
        ["Łódź", "n", "share", "d"],
        ["=cmd()", -12.5, 0.125, date(2026, 6, 15)],
        ["0123", "", "", ""],
        ["Total", 1.0, 0.5, ""],
    ]


@pytest.mark.parametrize(
    "value, kind, text",
    [
        (Decimal("12.5000"), "money", "12.50"),
        (Decimal("-0.0040"), "money", "0.00"),
        (-0.004, "money", "0.0"),
        (Decimal("3.000"), "number", "3"),
        (Decimal("0.250"), "percent", "0.25"),
        ("003", "text", "003"),
        (None, "money", "None"),
    ],
)
def test_a_number_of_a_file_says_no_more_than_it_means(value, kind, text):
    assert str(plain(value, kind)) == text
