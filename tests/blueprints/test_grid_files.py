"""What the grid shows as a file: the same rows, in the same order, with the same total."""

import csv
import io
from decimal import Decimal

import pytest
from python_calamine import CalamineWorkbook

from tests.support.tables import Table

pytestmark = pytest.mark.usefixtures("sales")
CUSTOMERS = "/analytics/sales/customers"


def read_csv(response):
    assert response.status_code == 200
    return list(csv.reader(io.StringIO(response.text.removeprefix("\ufeff"))))


def read_xlsx(response):
    assert response.status_code == 200
    return (
        CalamineWorkbook.from_filelike(io.BytesIO(response.data)).get_sheet_by_index(0).to_python()
    )


def test_a_csv_holds_every_row_of_the_grid_in_its_order(alice):
    args = "?q=gift&sort=-value.m12&size=25"
    shown = Table.of(alice.get(CUSTOMERS + args).text)

    header, *rows, total = read_csv(alice.get(CUSTOMERS + ".csv" + args))

    assert header[:6] == [
        "Code",
        "Name",
        "City",
        "Country",
        "Value (USD) – Total",
        "Value (USD) – Nov 2025",
    ]
    assert [row[0] for row in rows] == [row[1] for row in shown.rows]
    assert total[0] == "Total"
    assert Decimal(total[4]) == sum(Decimal(row[4]) for row in rows)


def test_a_file_holds_all_pages(alice):
    _header, *rows, _total = read_csv(alice.get(CUSTOMERS + ".csv?size=25&page=2"))

    assert len(rows) == 80


def test_a_workbook_has_numbers_and_says_the_same(alice):
    address = CUSTOMERS + ".{}?period=ytd&measures=value,average_price"
    texts = read_csv(alice.get(address.format("csv")))

    header, *rows = read_xlsx(alice.get(address.format("xlsx")))

    assert header == texts[0]
    assert len(rows) == len(texts) - 1
    for row, text in zip(rows, texts[1:], strict=True):
        assert row[:4] == text[:4]
        assert row[4:] == [float(each) if each else "" for each in text[4:]]


def test_the_numbers_of_a_file_are_plain(alice):
    header, *rows = read_csv(alice.get(CUSTOMERS + ".csv?period=ytd&measures=value,average_price"))

    money = {n for n, text in enumerate(header) if "USD" in text and "%" not in text}
    cents = {cell.partition(".")[2] for row in rows for n, cell in enumerate(row) if n in money}
    others = [cell for row in rows for n, cell in enumerate(row) if n > 3 and n not in money]
    assert cents - {""}
    assert cents <= {"", *(f"{n:02}" for n in range(100))}
    assert any("." in cell for cell in others)
    assert not [cell for cell in others if "." in cell and cell.endswith("0")]


def test_a_reader_gets_her_own_customers_only(make, as_user):
    account = make.account("Euro Shopping Channel", owner_id=make.bob.id)
    make.customer(account, "C034")

    _header, *rows, _total = read_csv(as_user(make.bob).get(CUSTOMERS + ".csv"))

    assert [row[0] for row in rows] == ["C034"]


def test_headings_are_in_the_readers_language(make, as_user):
    make.alice.locale = "fr"
    header, *_rows, total = read_csv(
        as_user(make.alice).get(CUSTOMERS + ".csv?period=ytd", headers={"Accept-Language": "fr"})
    )

    assert header[:2] == ["Code", "Nom"]
    assert header[4] == "Montant (USD) – Année à ce jour"
    assert total[0] == "Total"


@pytest.mark.parametrize("kind", ["csv", "xlsx"])
def test_a_file_asks_for_a_reader(client, kind):
    assert client.get(f"{CUSTOMERS}.{kind}").status_code in (302, 303)


def test_an_unknown_argument_is_refused(alice):
    assert alice.get(CUSTOMERS + ".csv?sort=nothing").status_code == 422


def test_the_menu_leads_to_the_files_of_what_is_shown(alice):
    page = alice.get(CUSTOMERS + "?q=gift").text

    assert f'href="{CUSTOMERS}.xlsx?' in page
    assert f'href="{CUSTOMERS}.csv?' in page
