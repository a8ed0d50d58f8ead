"""Columns are recognised, and what they become in the grid is proposed as a dataset file."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, date, datetime

import pytest

from crmapp.analytics import dataset, snapshots
from crmapp.analytics.intake import design, proposals, recognise
from crmapp.analytics.intake.proposals import names_for, slug
from crmapp.config import ROOT
from tests.analytics.intake.conftest import SALES, load, propose


def roles(found):
    return {each.name: (each.role, each.of) for each in found.columns}


@pytest.mark.parametrize(
    "heading, cells, kind, written",
    [
        ("Invoice date", ["2026-10-01", "2026-10-02 10:00:00"], "date", "iso"),
        ("Date", ["31/12/2026", "01/02/2026"], "date", "%d/%m/%Y"),
        ("Date", ["12/31/2026", "01/02/2026"], "date", "%m/%d/%Y"),
        ("Datum", ["31.12.2026"], "date", "%d.%m.%Y"),
        ("Day", ["20261231"], "date", "%Y%m%d"),
        ("Weight", ["20261231"], "quantity", "."),
        ("Amount", ["1,234.50", "-3.00", "$ 5"], "amount", "."),
        ("Montant", ["1.234,50", "3,00-"], "amount", ","),
        ("Qty", ["3", "4"], "quantity", "."),
        ("Unit price", ["3.10", "4.20"], "rate", "."),
        ("Customer no", ["0017", "0018"], "code", ""),
        ("Article", ["0017", "0018"], "code", ""),
        ("EAN", ["4006381333931"], "code", ""),
        ("Contact", ["a@b.example", "c@d.example"], "email", ""),
        ("Zip", ["02134", "10001"], "postal_code", ""),
        ("Tel.", ["+33 1 23 45 67 89"], "phone", ""),
        ("Customer name", ["Acme", "Brown"], "label", ""),
        ("Remark", ["yes", "no"], "text", ""),
        ("Nothing", [None, ""], "empty", ""),
    ],
)
def test_a_column_is_recognised_by_its_heading_and_its_cells(heading, cells, kind, written):
    (found,) = recognise.columns([heading], [[cell] for cell in cells])

    assert (found.kind, found.format) == (kind, written)


def test_a_few_broken_cells_do_not_hide_what_a_column_is():
    cells = [f"2026-01-{day:02}" for day in range(1, 29)] + ["soon", "never"]

    (found,) = recognise.columns(["When"], [[cell] for cell in cells])

    assert (found.kind, found.format) == ("date", "iso")


@pytest.mark.parametrize(
    "heading, label",
    [
        ("Montant HT", "Montant HT"),
        ("PriceUSD", "Price USD"),
        ("CUSTOMER NAME", "Customer name"),
        ("customer_name", "Customer name"),
    ],
)
def test_a_heading_becomes_a_label(heading, label):
    found = proposals.propose([heading, "Day"], [["x", "2026-10-01"]], "Sales", date(2026, 10, 2))

    assert found.columns[0].label_en == label


def test_two_dimensions_of_one_entity_have_names_of_their_own():
    sales = [[f"C{n % 3}", f"Customer {n % 5}", "2026-10-01", "5.00"] for n in range(30)]

    found = proposals.propose(
        ["Customer no", "Customer", "Date", "Amount"], sales, "Sales", date(2026, 10, 2)
    )

    assert [each.label_en for each in found.dimensions] == ["Customers", "Customer"]
    assert [each.label_fr for each in found.dimensions] == ["Clients", "Client"]


def test_an_entity_of_one_row_proves_nothing_about_its_properties():
    sales = [[f"C{n}", f"Customer {n}", f"I{n % 70}", "2026-10-01", "5.00"] for n in range(2000)]
    again = [[f"C{n}", f"Customer {n}", f"I{n % 70 + 1}", "2026-10-01", "5.00"] for n in range(30)]
    headings = ["Customer no", "Customer", "Item", "Date", "Amount"]

    found = proposals.propose(headings, sales + again, "Sales", date(2026, 10, 2))

    assert roles(found)["customer"] == ("name", "customer_no")
    assert roles(found)["item"] == ("key", "")


def test_a_table_of_sales_becomes_dimensions_and_measures(sent):
    found = propose(sent(SALES))

    assert roles(found) == {
        "date": ("day", ""),
        "customer_no": ("key", ""),
        "customer": ("name", "customer_no"),
        "city": ("property", "customer_no"),
        "product_code": ("key", ""),
        "qty": ("number", ""),
        "amount": ("money", ""),
    }
    assert found.accounts == "customer_no"
    assert found.dimensions[0].label_fr == "Clients"


def test_the_demos_table_is_proposed_much_as_a_person_wrote_it():
    found = roles(propose(ROOT / "datasets" / "vehicle_sales.parquet"))

    assert found["customer_name"] == ("key", "")
    assert found["phone"] == found["country"] == ("property", "customer_name")
    assert found["product_line"] == ("property", "product_code")
    assert (found["sales"][0], found["quantity_ordered"][0]) == ("money", "number")
    assert found["order_number"][0] == "detail"


def test_old_figures_open_with_their_totals(sent):
    assert propose(sent(SALES)).period == "months"
    assert propose(sent(SALES.replace("2026-", "2019-"))).period == "total"


@pytest.mark.parametrize("path", ["vehicle_sales.parquet", "superstore.parquet"])
def test_a_proposal_is_a_dataset_file_that_loads(tmp_path, path):
    source = tmp_path / path
    source.write_bytes((ROOT / "datasets" / path).read_bytes())
    proposed = propose(source)
    loaded = load(source, proposed)

    read = dataset.parse(design.to_yaml(proposed, "mine"), "mine.yml")
    built = snapshots.refresh(read, tmp_path, tmp_path / "snapshots", datetime.now(UTC))

    assert (loaded.rows, loaded.rejected) == (built.lines, [])
    assert read.accounts == "customers"
    assert read.categories in ("product_lines", "categories")


def test_what_accounts_buy_is_proposed_and_goes_when_it_is_no_dimension_any_more():
    found = propose(ROOT / "datasets" / "vehicle_sales.parquet")
    left_out = [replace(c, own=False) if c.name == "product_line" else c for c in found.columns]

    assert found.categories == "product_line"
    assert replace(found, columns=tuple(left_out)).settled().categories == ""
    assert replace(found, accounts="product_line").settled().categories == ""
    assert replace(found, accounts="").settled().categories == ""


def test_a_design_from_before_there_were_categories_is_read():
    kept = propose(ROOT / "datasets" / "vehicle_sales.parquet").as_json()
    del kept["categories"]

    assert design.Design.from_json(kept).categories == ""


@pytest.mark.parametrize(
    "heading, name",
    [
        ("Order", "order"),
        ("select", "select"),
        ("N° client", "n_client"),
        ("2026", "column_2026"),
        ("", "column"),
        ('x"; DROP TABLE fact; --', "x_drop_table_fact"),
        ("客户", "column"),
        ("CustomerNo", "customer_no"),
    ],
)
def test_a_heading_becomes_a_harmless_name(heading, name):
    assert slug(heading) == name


def test_names_are_never_twice():
    assert names_for(["A b", "a-b", "A_B", "客户", "订单"]) == [
        "a_b", "a_b_2", "a_b_3", "column", "column_2",
    ]  # fmt: skip


HOSTILE = ["order", "Group", "select", "'; DROP TABLE x; --", '"', "current_date", "case", "Day"]


def test_no_heading_can_be_sql(sent):
    header = ",".join(f'"{each.replace(chr(34), chr(34) * 2)}"' for each in HOSTILE)
    path = sent(f"Date,Amount,{header}\n" + "2026-10-01,1.00,a,b,c,d,e,f,g,h\n" * 3)
    proposed = propose(path)
    keys = tuple(
        replace(each, role="key") if each.role not in ("day", "money") else each
        for each in proposed.columns
    )
    proposed = replace(proposed, columns=keys).settled()

    loaded = load(path, proposed)
    read = dataset.parse(design.to_yaml(proposed, "mine"), "mine.yml")
    built = snapshots.refresh(read, path.parent, path.parent / "s", datetime.now(UTC))

    assert (loaded.loaded, built.lines) == (3, 3)
    assert len(read.dimensions) == len(HOSTILE)


def test_what_is_not_a_name_never_becomes_sql():
    with pytest.raises(ValueError, match="not a name"):
        design.identifier('x" FROM y')


@pytest.mark.parametrize(
    "change, where, says",
    [
        ({"label_en": " "}, "label_en", "Enter a name"),
        ({"label_fr": "x" * 81}, "label_fr", "up to 80"),
        ({"date": {"role": "skip"}}, "", "Choose which column is the date"),
        ({"date": {"reading": "text"}}, "role.date", "how its dates are written"),
        ({"qty": {"role": "day", "reading": "iso"}}, "role.qty", "Only one column"),
        ({"amount": {"reading": "text"}}, "role.amount", "how its numbers are written"),
        ({"city": {"of": "amount"}}, "role.city", "Choose the dimension"),
        ({"city": {"role": "king"}}, "role.city", "Choose one from the list"),
        ({"city": {"reading": "runes"}}, "reading.city", "Choose one from the list"),
        ({"city": {"role": "name"}}, "role.city", "only one name"),
        ({"city": {"label_en": ""}}, "column_en.city", "Enter a name"),
        (
            {
                name: {"role": "skip"}
                for name in ("customer_no", "customer", "city", "product_code")
            },
            "",
            "at least one column that is a dimension",
        ),
    ],
)
def test_a_design_that_cannot_be_used_says_where(sent, change, where, says):
    found = propose(sent(SALES))
    columns = tuple(replace(each, **change.get(each.name, {})) for each in found.columns)
    top = {name: value for name, value in change.items() if isinstance(value, str)}

    problems = design.problems(replace(found, columns=columns, **top))

    assert says in str(problems[where])


def test_a_design_that_is_kept_comes_back_as_it_was(sent):
    found = propose(sent(SALES))

    assert design.Design.from_json(found.as_json()) == found
    assert design.problems(found) == {}
