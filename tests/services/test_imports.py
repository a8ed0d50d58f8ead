"""Files of accounts as they really come: each is read, or refused with what to do about it."""

from __future__ import annotations

import io
import os
import zipfile
from collections.abc import Callable
from dataclasses import replace
from datetime import date, timedelta

import pytest
import xlsxwriter
from sqlalchemy import select

from crmapp import config
from crmapp.analytics.intake.tables import Reading
from crmapp.db import session, utcnow
from crmapp.errors import Invalid, TableError
from crmapp.models import Account
from crmapp.services import fixing, imports, receipts, runs, tables, upserts
from crmapp.services.file_sources import FileSource, stage
from crmapp.services.imports import Way
from tests.support import duck
from tests.support.files import MAPPING, OURS, carry_out, import_, plan, send, workbook

HEADS = ["Name", "Number", "Phone"]


def names() -> list[str]:
    session.rollback()
    return list(session.scalars(select(Account.name).order_by(Account.id)))


def left_out(make, run) -> list[str]:
    """Return the line and the reason of each row that was left out."""
    return [f"{row.key}: {row.reason}" for row in receipts.left_out(run, by=make.mona)]


def refusal(make, content, name="accounts.csv") -> str:
    with pytest.raises(Invalid) as refused:
        send(make, content, name)
    return str(refused.value.fields["file"])


# --- text ----------------------------------------------------------------------------------------


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "utf-16-le", "windows-1252"])
def test_a_text_file_is_read_in_the_encoding_that_it_has(make, encoding):
    done = import_(make, "Name;Number;Phone\nÉté à Genève;007;555 123\n".encode(encoding))

    assert names() == ["Été à Genève"]
    assert done.source["reading"]["encoding"] == encoding.removesuffix("-sig").replace(
        "utf-16-le", "utf-16"
    ).replace("utf-16", "utf-16-le")


def test_a_wrong_encoding_rejects_the_rows_that_it_spoils(make):
    run = send(
        make, "Name;Number;Phone\nÉté;007;555 123\nAcme;008;555 124\n".encode("windows-1252")
    )
    way = Way(replace(Reading(**run.source["reading"]), encoding="utf-8"))

    imports.read_anew(run.id, way, OURS, by=make.mona)
    done = carry_out(make, plan(make, run))

    assert names() == ["Acme"]
    assert left_out(make, done) == [
        "2: The row holds characters that cannot be read, or is too long."
    ]


def test_mixed_line_ends_and_empty_lines_are_no_rows(make):
    done = import_(make, "Name,Number,Phone\r\nA,1,555 121\n\n\rB,2,555 122\r,,\nC,3,555 123")

    assert names() == ["A", "B", "C"]
    assert done.done == {"created": 3}


def test_a_quotation_mark_that_stays_open_costs_its_own_row_only(make):
    rows = [f"N{n},{n},555 12{n}" for n in range(1, 6)]
    rows[1] = '"N2,2,555 122'

    done = import_(make, "\n".join(["Name,Number,Phone", *rows]))

    assert names() == ["N1", "N3", "N4", "N5"]
    assert left_out(make, done) == ["3: The line has a quotation mark that is not closed."]


def test_rows_that_are_too_wide_or_too_short_are_rejected_with_their_line(make):
    done = import_(make, "Name,Number,Phone\nA,1,555 121\nB,2\nC,3,4,5\nD,4,555 124\n")

    assert names() == ["A", "D"]
    assert left_out(make, done) == [
        "3: Cells in this row: 2. Columns of the table: 3.",
        "4: Cells in this row: 4. Columns of the table: 3.",
    ]
    assert (done.done, done.total) == ({"created": 2, "rejected": 2}, 4)


def test_a_row_that_cannot_be_read_can_be_dropped_in_the_preview(make):
    planned = plan(make, send(make, "Name,Number,Phone\nA,1,555 121\nB,2\n"))
    drop = fixing.Answer("row-2", fixing.Fix.DROP_ROW, "", row_no=2)

    fixing.fix(planned.id, [drop], plan_hash=planned.plan_hash or "", by=make.mona)

    assert runs.get(planned.id, by=make.mona).counts == {"create": 1, "kept": 1}


def test_leading_zeros_and_marks_before_formulas_are_as_a_person_meant(make):
    import_(make, "Name,Number,Phone\n'=Acme,000120,'+33 1 23 45 67\n")

    (account,) = session.scalars(select(Account))
    assert (account.name, account.number, account.phone) == ("=Acme", "000120", "+33 1 23 45 67")


def test_ten_thousand_columns_are_refused_and_the_most_is_said(make):
    said = refusal(make, ",".join(f"Column{chr(65 + n % 26)}" for n in range(10_000)) + "\n")

    assert said == "The table has 10000 columns, and 200 is the most. Leave some out."


@pytest.mark.parametrize(
    "content, said",
    [
        (b"", "The file is empty."),
        (b" \n\n", "The file is empty."),
        (b"\x00\x01\x02" * 99, "This is not a table: use a CSV, XLSX or Parquet file."),
        (b"\xd0\xcf\x11\xe0" + b"x" * 99, "This is an old or protected Excel workbook."),
        (b"PK\x03\x04" + b"x" * 99, "This workbook cannot be read."),
        (b"PAR1" + b"x" * 99, "This Parquet file cannot be read:"),
    ],
)
def test_what_is_no_table_is_refused_and_leaves_nothing_behind(make, settings, content, said):
    assert said in refusal(make, content)
    assert not list(settings.databases_dir.glob("import-*"))


def test_a_file_of_headings_alone_has_nothing_to_plan(make):
    planned = plan(make, send(make, "Name,Number,Phone\n"))

    assert (planned.status, planned.error) == ("failed", "The source has no rows.")


def test_a_file_that_is_too_large_is_refused(make, settings):
    config.use(replace(settings, max_table=1024 * 1024))

    assert refusal(make, b"Name\n" + b"x\n" * 600_000) == (
        "The file is larger than 1 MB. Send fewer columns or rows, or Parquet."
    )


# --- workbooks -----------------------------------------------------------------------------------


def made_of(write: Callable[[xlsxwriter.Workbook], None]) -> bytes:
    made = io.BytesIO()
    with xlsxwriter.Workbook(made, {"in_memory": True}) as book:
        write(book)
    return made.getvalue()


def test_of_a_formula_what_it_came_to_is_read(make):
    def write(book):
        sheet = book.add_worksheet()
        sheet.write_row(0, 0, HEADS)
        sheet.write_formula(1, 0, '="Ac"&"me"', None, "Acme")
        sheet.write_row(1, 1, ["007", "555 123"])

    import_(make, made_of(write))

    assert names() == ["Acme"]


def test_merged_cells_count_once(make):
    def write(book):
        sheet = book.add_worksheet()
        sheet.merge_range(0, 0, 0, 2, "Customers of 2026")
        sheet.write_row(1, 0, HEADS)
        sheet.merge_range(2, 0, 3, 0, "Acme")
        sheet.write_row(2, 1, ["1", "555 121"])
        sheet.write_row(3, 1, ["2", "555 122"])

    done = import_(make, made_of(write))

    assert names() == ["Acme"]
    assert left_out(make, done) == ["4: Name: Enter a value; this field is required."]


def test_dates_and_numbers_of_a_workbook_are_read_as_a_person_sees_them(make):
    def write(book):
        sheet = book.add_worksheet()
        sheet.write_row(0, 0, [*HEADS, "Notes"])
        day = book.add_format({"num_format": "yyyy-mm-dd"})
        sheet.write_row(1, 0, ["Acme", 7, "555 123"])
        sheet.write_datetime(1, 3, date(2026, 6, 15), day)

    mapping = replace(MAPPING, columns={**MAPPING.columns, "notes": "Notes"})
    import_(make, made_of(write), mapping=mapping)

    (account,) = session.scalars(select(Account))
    assert (account.number, account.notes) == ("7", "2026-06-15")


def test_the_sheet_with_a_table_is_found_and_another_can_be_chosen(make):
    other = {"Old": [HEADS, ["Old Acme", "1", "555 121"], ["Old Toys", "2", "555 122"]]}
    run = send(make, workbook([["About this file"]], other), "two.xlsx")
    third = replace(Reading(**run.source["reading"]), sheet="Third")

    assert (run.source["reading"]["sheet"], run.source["sheets"]) == ("Old", ["Accounts", "Old"])
    with pytest.raises(Invalid) as refused:
        imports.read_anew(run.id, Way(third), OURS, by=make.mona)
    assert "no sheet “Third”" in str(refused.value.fields["file"])


def test_the_same_settings_take_the_sheet_that_was_chosen_before(make):
    sheets = {"Old": [HEADS, ["Old Acme", "1", "555 121"], ["Old Toys", "2", "555 122"]]}
    content = workbook([HEADS, ["Acme", "3", "555 123"], ["Toys", "4", "555 124"]], sheets)
    first = send(make, content, "two.xlsx")
    way = Way(replace(Reading(**first.source["reading"]), sheet="Old"))
    imports.read_anew(first.id, way, OURS, by=make.mona)

    second = send(make, content, "two.xlsx", like=first.id)

    assert second.source["reading"]["sheet"] == "Old"
    assert second.source["sample"]["rows"][0][0] == "Old Acme"


def test_a_workbook_that_unpacks_to_far_too_much_is_refused(make):
    made = io.BytesIO()
    with zipfile.ZipFile(made, "w", zipfile.ZIP_DEFLATED) as bomb:
        bomb.writestr("[Content_Types].xml", "<x/>")
        with bomb.open("xl/worksheets/sheet1.xml", "w", force_zip64=True) as part:
            for _ in range(300):
                part.write(b"\0" * 1024 * 1024)

    assert "unpacks to more than 256 MB" in refusal(make, made.getvalue())


def test_a_workbook_that_was_cut_off_is_refused(make):
    content = workbook([HEADS, ["Acme", "1", "555 121"]])

    assert "This workbook cannot be read." in refusal(make, content[: len(content) // 2])


def test_a_parquet_file_keeps_its_texts(make, tmp_path):
    path = tmp_path / "accounts.parquet"
    select_ = "SELECT 'Acme' AS \"Name\", '007' AS \"Number\", '555 123' AS \"Phone\""
    duck.ask(f"COPY ({select_}) TO ? (FORMAT parquet)", [str(path)])

    import_(make, path.read_bytes())

    assert session.scalars(select(Account.number)).all() == ["007"]


# --- between sending and reading -----------------------------------------------------------------


def path_of(run):
    return tables.folder_of(run.source["folder"]) / run.source["files"][-1]["file"]


def test_a_file_that_has_changed_since_is_refused(make):
    run = send(make)
    path_of(run).write_bytes(path_of(run).read_bytes().replace(b"Acme", b"Acne"))

    planned = plan(make, run)

    assert planned.status == "failed"
    assert planned.error == "The file has changed since it was sent. Send it again."
    assert names() == []


def test_a_file_that_is_gone_is_refused(make):
    run = send(make)
    path_of(run).unlink()

    planned = plan(make, run)

    assert planned.status == "failed"
    assert planned.error == "The file is not on the server any more. Send it again."


def test_a_file_that_changes_while_it_is_read_is_refused(make):
    run = send(make)
    pages = stage(run.source, None)
    next(pages)
    os.utime(path_of(run), ns=(1, 1))

    with pytest.raises(TableError, match="has changed"):
        next(pages)


def test_a_reading_goes_on_behind_the_rows_that_were_read(make):
    run = send(make, "Name,Number,Phone\n" + "".join(f"N{n},{n},1\n" for n in range(5)))

    (page,) = stage(run.source, 3)

    assert [cells["Name"] for _key, cells in page.found] == ["N3", "N4"]
    assert [key for key, _cells in page.found] == ["5", "6"]


def test_the_rows_of_a_draft_are_read_page_by_page(make):
    run = send(make, "Name,Number,Phone\n" + "".join(f"N{n},{n},1\n" for n in range(5)))
    source = FileSource(run.source, make.mona)

    pages = [source.rows(after, 2) for after in (None, "2", "4", "1")]

    assert [[cells["Name"] for _key, cells in page.found] for page in pages] == [
        ["N0", "N1"], ["N2", "N3"], ["N4"], ["N1", "N2"],
    ]  # fmt: skip


def test_files_are_removed_when_their_time_is_over(make):
    old = path_of(send(make))
    young = path_of(send(make))
    long_ago = (utcnow() - imports.KEPT - timedelta(days=1)).timestamp()
    os.utime(old.parent, (long_ago, long_ago))

    send(make)

    assert (old.exists(), young.exists()) == (False, True)


# --- sources -------------------------------------------------------------------------------------


def test_files_with_the_same_headings_are_one_source(make):
    import_(make)
    same, other = send(make), send(make, "Name;Number;Fax\nAcme;1;555 123\n")

    first, second, third = (run.lock_key for run in (runs.get(1, by=make.mona), same, other))

    assert first == second != third


def test_rows_without_their_external_id_are_rejected(make):
    run = send(make, "Id,Name,Number,Phone\nx1,A,1,555 121\n,B,2,555 122\n")
    way = Way(Reading(**run.source["reading"]), "Id", "ERP")

    imports.read_anew(run.id, way, OURS, by=make.mona)
    done = carry_out(make, plan(make, run))

    assert names() == ["A"]
    assert done.done == {"created": 1, "rejected": 1}


def test_a_column_of_reasons_can_be_kept(make):
    run = send(make, "Name,Number,Phone,Reason\nA,1,555 121,Because\n")
    reading = Reading(**run.source["reading"])
    columns = [column.name for column in upserts.source_of(run, by=make.mona).columns()]

    imports.read_anew(run.id, Way(reading, all_columns=True), OURS, by=make.mona)

    run = runs.get(run.id, by=make.mona)
    assert columns == HEADS
    assert [name for name, *_rest in run.source["columns"]] == [*HEADS, "Reason"]
