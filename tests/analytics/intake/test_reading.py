"""Files are read as what they are, whatever they are called."""

from __future__ import annotations

import io
import zipfile
from dataclasses import replace
from datetime import date

import pytest
import xlsxwriter

from crmapp.analytics.intake import files, workbook
from crmapp.domain.changes import Reason
from crmapp.errors import TableError
from tests.analytics.intake.conftest import SALES, load
from tests.analytics.intake.conftest import workbook as write_workbook
from tests.support import duck


@pytest.mark.parametrize(
    "content, encoding, delimiter",
    [
        (SALES.encode(), "utf-8", ";"),
        (SALES.replace(";", "\t").encode(), "utf-8", "\t"),
        (SALES.replace("Lyon", "Orléans").encode(), "utf-8", ";"),
        (b"\xef\xbb\xbf" + SALES.encode(), "utf-8", ";"),
        (SALES.replace("Lyon", "Orléans").encode("windows-1252"), "windows-1252", ";"),
        (SALES.encode("utf-16"), "utf-16-le", ";"),
        (SALES.encode("utf-16-be"), "utf-16-be", ";"),
        (SALES.replace("\n", "\r").encode(), "utf-8", ";"),
    ],
)
def test_encoding_and_delimiter_are_found(sent, content, encoding, delimiter):
    path = sent(content)

    reading = files.look(path)

    assert (reading.format, reading.encoding, reading.delimiter) == ("csv", encoding, delimiter)
    with files.opened(path, reading) as table:
        assert table.columns[:2] == ("Date", "Customer no")
        assert len(list(table.rows())) == 4


def test_leading_zeros_survive(sent):
    loaded = load(sent(SALES))

    assert loaded.ask("SELECT DISTINCT customer_no FROM lines ORDER BY 1") == [("0017",), ("0018",)]


def test_amounts_are_exact_whatever_their_clothes(sent):
    loaded = load(sent(SALES))

    assert (loaded.rows, loaded.loaded) == (4, 4)
    assert str(loaded.ask("SELECT SUM(amount) FROM lines")[0][0]) == "1029.9500"


def test_the_french_way_of_writing_amounts_is_recognised(sent):
    rows = "Date;Client;Montant\n01/10/2026;Durand;1 234,50 €\n31/10/2026;Dupont;-12,00\n"

    loaded = load(sent(rows))

    assert loaded.ask("SELECT date, montant FROM lines ORDER BY 1")[0][0] == date(2026, 10, 1)
    assert str(loaded.ask("SELECT SUM(montant) FROM lines")[0][0]) == "1222.5000"


def test_titles_above_the_table_are_skipped(sent):
    reading = files.look(sent("Sales of October\n\nprinted 2026-11-01\n" + SALES))

    assert reading.header
    with files.opened(sent("Sales of October\n\nprinted 2026-11-01\n" + SALES), reading) as table:
        assert table.columns[0] == "Date"


def test_a_table_without_a_header_gets_names(sent):
    path = sent("\n".join(SALES.splitlines()[1:]))

    reading = files.look(path)

    assert not reading.header
    with files.opened(path, reading) as table:
        assert table.columns[0] == "Column 1"
        assert len(list(table.rows())) == 4


def test_headings_are_never_empty_and_never_twice(sent):
    path = sent("a,,a,A\n1,2,3,4\n")

    with files.opened(path, replace(files.look(path), header=True)) as table:
        assert table.columns == ("a", "Column 2", "a (2)", "A (3)")


def test_a_heading_may_be_there_twice_over_what_is_no_word(sent):
    heads = sent("Name,Name,,Date,Amount\nAcme,Acme,,2026-01-02,5\nBrown,B,,2026-01-03,6\n")
    people = sent("Ann,Ann,Lee\nBob,Bob,Ray\n", "people.csv")

    assert files.look(heads).header
    assert not files.look(people).header


@pytest.mark.parametrize(
    "bad, reason, cells",
    [
        ("2026-10-09;0017;Acme;Lyon;P1;2", Reason.WIDTH, 6),
        ("2026-10-09;0017;Acme;Lyon;P1;2;3;4;5", Reason.WIDTH, 9),
        (";" * 20 + "far out", Reason.WIDTH, 14),
        ("2026-10-09;0017;Ac\x00me;Lyon;P1;2;3", Reason.BAD_TEXT, 7),
        ('2026-10-09;0017;"Acme;Lyon;P1;2;3', Reason.OPEN_QUOTE, 7),
        ("09/10/2026;0017;Acme;Lyon;P1;2;3", Reason.NO_DATE, 7),
        (";0017;Acme;Lyon;P1;2;3", Reason.EMPTY, 7),
        ("2026-10-09;;Acme;Lyon;P1;2;3", Reason.EMPTY, 7),
        ("2026-10-09;0017;Acme;Lyon;P1;2;a lot", Reason.NO_NUMBER, 7),
        ("2026-10-09;0017;Acme;Lyon;P1;2;" + "9" * 30, Reason.NO_NUMBER, 7),
    ],
)
def test_a_broken_row_is_set_aside_alone_and_says_why(sent, bad, reason, cells):
    many = "".join(SALES.splitlines(keepends=True)[1:]) * 20

    loaded = load(sent(SALES + bad + "\n" + many))

    (row,) = loaded.rejected
    assert (loaded.rows, loaded.loaded) == (85, 84)
    assert (row.reason, row.place, len(row.cells)) == (reason, "sales.csv:6", cells)


def test_a_line_in_another_encoding_is_set_aside(sent):
    good = SALES.replace("Lyon", "Orléans").encode()

    loaded = load(sent(good + "2026-10-09;0017;Acme;Orléans;P1;2;3\n".encode("windows-1252")))

    assert [row.reason for row in loaded.rejected] == [Reason.BAD_TEXT]
    assert loaded.loaded == 4


def test_a_line_without_end_is_set_aside(sent):
    loaded = load(sent(SALES + "x" * 3_000_000 + "\n" + SALES.splitlines()[1]))

    assert (loaded.rows, loaded.loaded, len(loaded.rejected)) == (6, 5, 1)


def test_text_with_line_breaks_in_quotes_is_one_row(sent):
    loaded = load(sent(SALES + '2026-10-09;0017;"Acme\nand Sons";Lyon;P1;2;3\n'))

    assert (loaded.rows, loaded.loaded) == (5, 5)


@pytest.mark.parametrize(
    "content, says",
    [
        (b"", "The file is empty"),
        (b"  \n \n", "The file is empty"),
        (b"\x89PNG\r\n\x1a\n" + bytes(range(32)) * 20, "not a table"),
        (b"\xd0\xcf\x11\xe0" + b"x" * 600, "old or protected Excel"),
        (b"%PDF-1.4", "PDF file"),
        (b"{\\rtf1\\ansi Number;Name}", "text document"),
        (b"\xef\xbb\xbf\n<HTML><body><table><tr><td>Number</td></tr></table>", "web page"),
        (b"<!DOCTYPE html>\n<table><tr><td>Number;Name</td></tr></table>", "web page"),
        (b"PK\x03\x04 and nothing more", "cannot be read"),
        (b"PAR1 and nothing more PAR1", "cannot be read"),
        (",".join(f"c{n}" for n in range(2000)).encode(), "2000 columns"),
    ],
)
def test_what_is_no_table_is_refused_with_the_reason(sent, content, says):
    path = sent(content)

    with pytest.raises(TableError, match=says), files.opened(path, files.look(path)):
        pass


# --- workbooks and Parquet ----------------------------------------------------------------------


def test_a_workbook_is_read_as_people_see_it(tmp_path):
    rows = [
        ["Date", "Customer no", "Customer", "Amount", "Paid"],
        [date(2026, 10, 1), "0017", "Acme", 19.9, True],
        [date(2026, 10, 2), "0018", "Brown", 5, False],
    ]

    loaded = load(write_workbook(tmp_path / "sales.bin", rows))

    assert loaded.ask(
        "SELECT date, customer_no, CAST(amount AS VARCHAR) FROM lines ORDER BY 1"
    ) == [
        (date(2026, 10, 1), "0017", "19.9000"),
        (date(2026, 10, 2), "0018", "5.0000"),
    ]


def test_a_formula_is_read_as_its_value(tmp_path):
    rows = [["Date", "Customer", "Amount"], [date(2026, 10, 1), "Acme", 0]]
    path = write_workbook(tmp_path / "sales.xlsx", rows, formula=("C2", "=1+2", 3))

    loaded = load(path)

    assert str(loaded.ask("SELECT amount FROM lines")[0][0]) == "3.0000"


def test_a_formula_without_a_result_is_nothing_to_a_database(tmp_path):
    rows = [
        ["Date", "Customer", "Amount"],
        *([date(2026, 10, 1), "Acme", number] for number in range(1, 9)),
        [date(2026, 10, 2), "Brown", ""],
    ]
    path = write_workbook(tmp_path / "sales.xlsx", rows, formula=("C10", "=1/0", "#DIV/0!"))

    loaded = load(path)

    assert loaded.ask("SELECT customer, amount FROM lines ORDER BY date DESC LIMIT 1") == [
        ("Brown", None)
    ]
    assert loaded.rejected == []


def test_a_row_of_formulas_without_a_result_is_an_empty_row_of_a_database(tmp_path):
    rows = [["Date", "Customer", "Amount"], [date(2026, 10, 1), "Acme", 5]]
    path = write_workbook(tmp_path / "sales.xlsx", rows, formula=("B3", "=NA()", "#N/A"))

    loaded = load(path)

    assert (loaded.rows, loaded.rejected) == (1, [])


@pytest.mark.parametrize(
    "cell", ['<c r="B2" t="e">', "<c t='e' r='B2'>", '<x:c r="B2" s="1" t = "e" vm="1">']
)
def test_the_error_of_a_formula_is_read_wherever_a_piece_of_the_sheet_ends(cell, monkeypatch):
    sheet = f"<row>{cell}<f>NA()</f><v>#N/A</v></c></row>".encode() * 50

    for size in (1, 7, 64, 1 << 20):
        monkeypatch.setattr(workbook, "_CHUNK", size)
        target = io.BytesIO()
        workbook._copy_part(io.BytesIO(sheet), target, is_sheet=True)
        assert target.getvalue().count(b'"str"') == 50
        assert b"<f>NA()</f><v>#N/A</v>" in target.getvalue()


def test_the_first_sheet_with_rows_is_taken_and_another_can_be_named(tmp_path):
    path = write_workbook(tmp_path / "sales.xlsx", [["Date", "Customer"], ["2026-10-01", "Acme"]])

    assert workbook.sheets(path) == ["Sheet1"]
    with (
        pytest.raises(TableError, match="no sheet “Other”; it has Sheet1"),
        files.opened(path, files.Reading("xlsx", sheet="Other")),
    ):
        pass


def test_a_sheet_that_is_seen_comes_before_a_hidden_one(tmp_path):
    path = tmp_path / "kept.xlsx"
    with xlsxwriter.Workbook(path) as book:
        for title in ("Codes", "Customers"):
            sheet = book.add_worksheet(title)
            sheet.write_row(0, 0, ["Name", "Number"])
            sheet.write_row(1, 0, ["Acme", "0017"])
        book.get_worksheet_by_name("Codes").hide()
        book.get_worksheet_by_name("Customers").activate()

    assert files.look(path).sheet == "Customers"


def test_a_sheet_with_nothing_but_a_title_is_passed_over(tmp_path):
    path = tmp_path / "sales.xlsx"
    with xlsxwriter.Workbook(path) as book:
        book.add_worksheet("Cover").write(0, 0, "Report of October")
        lines = book.add_worksheet("Lines")
        lines.write_row(0, 0, ["Date", "Customer"])
        lines.write_row(1, 0, ["2026-10-01", "Acme"])

    assert files.look(path).sheet == "Lines"


def bomb(path, cell="A1", size=0):
    """A workbook whose sheet unpacks to ``size`` bytes, with a cell at ``cell``."""
    write_workbook(path, [["a", "b"], ["1", "2"]])
    packed = io.BytesIO()
    with zipfile.ZipFile(path) as old, zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED) as new:
        for part in old.infolist():
            content = old.read(part)
            if "worksheets/" in part.filename:
                far = f'<row r="9"><c r="{cell}"><v>1</v></c></row></sheetData>'
                content = content.replace(b"</sheetData>", far.encode() + b" " * size)
            new.writestr(part.filename, content)
    path.write_bytes(packed.getvalue())
    return path


def test_a_workbook_that_unpacks_to_too_much_is_refused(tmp_path):
    path = bomb(tmp_path / "sales.xlsx", size=workbook.LARGEST)

    assert path.stat().st_size < 2_000_000
    with pytest.raises(TableError, match="unpacks to more than 256 MB"):
        files.look(path)


def test_a_sheet_with_a_cell_at_the_end_of_the_world_is_refused(tmp_path):
    path = bomb(tmp_path / "sales.xlsx", cell="XFD1048576")

    with pytest.raises(TableError, match="1048576 rows and 16384 columns"):
        files.look(path)


def test_parquet_keeps_what_it_knows(tmp_path):
    path = tmp_path / "sales"
    duck.ask(
        "COPY (SELECT DATE '2026-10-01' AS day, '007' AS customer_code,"
        f" 1.25::DECIMAL(9,2) AS amount UNION ALL SELECT NULL, '008', NULL) "
        f" TO '{path}' (FORMAT parquet)"
    )

    loaded = load(path)

    assert (loaded.rows, loaded.loaded) == (2, 1)
    assert loaded.rejected[0].reason is Reason.EMPTY
    assert loaded.ask("SELECT customer_code, CAST(amount AS VARCHAR) FROM lines") == [
        ("007", "1.2500")
    ]
