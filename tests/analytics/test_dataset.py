"""A dataset file is checked when it is read; a mistake is reported with its line."""

import pytest

from crmapp.analytics import dataset as datasets
from crmapp.analytics import snapshots
from crmapp.errors import DatasetError, NotFound
from tests.analytics.conftest import DATASETS, SHOP, SOLD


def test_the_demo_has_five_dimensions_and_four_measures():
    sales = datasets.load(DATASETS / "sales.yml")

    assert list(sales.dimensions) == ["customers", "products", "lines", "countries", "territories"]
    assert list(sales.measures) == ["value", "quantity", "orders", "average_price"]
    assert sales.dimension("customers").label.text("fr") == "Clients"


def test_a_language_we_do_not_speak_reads_english():
    assert datasets.Label("Sales", "Ventes").text("de") == "Sales"


def test_an_unknown_dimension_is_not_found():
    with pytest.raises(NotFound, match="sales has no dimension"):
        datasets.load(DATASETS / "sales.yml").dimension("suppliers")


def test_the_demo_fits_its_table():
    snapshots.check(datasets.load(DATASETS / "sales.yml"), DATASETS)


MISTAKES = {
    "name: shop": ("nam: shop", "shop.yml:1: the file has no 'nam'; allowed: name, label, fact"),
    "  day: day\n": ("", "shop.yml:4: fact needs 'day'"),
    "accounts: buyers": ("accounts: sellers", "shop.yml:3: accounts is 'sellers'; allowed: buyers"),
    "  file: sold.csv": (
        "  file: ../../etc/passwd",
        "shop.yml:5: file is '../../etc/passwd'; allowed: a .parquet or .csv file beside this one",
    ),
    "    key: code": ("    key: id", "shop.yml:10: key is 'id'; allowed: code, name, phone"),
    "  regions:": ("  buyers:", "shop.yml:16: dimensions has 'buyers' twice"),
    "COUNT(*)": (
        "read_csv('/etc/passwd')",
        """shop.yml:25: "READ_CSV('/etc/passwd')" is not allowed in this expression; allowed""",
    ),
    "COUNT(DISTINCT ticket)": (
        "COUNT(DISTINCT ticket) + pieces",
        "shop.yml:24: pieces stands outside an aggregate; allowed: SUM, COUNT",
    ),
    "sql: phone}": (
        "sql: (SELECT 1)}",
        "shop.yml:15: '(SELECT 1)' is not allowed in this expression; allowed: columns",
    ),
    "sql: region}": ("sql: a.b}", "shop.yml:21: 'a.b' is not the name of a column"),
    "SUM(pieces)": ("SUM(pieces", "shop.yml:28: not an expression: "),
    "{en: Shop, fr: Magasin}": ("{en: Shop}", "shop.yml:2: label needs 'fr'"),
    "    kind: money": ("    kind: gold", "shop.yml:29: kind is 'gold'; allowed: number, money"),
    "      name: {label: {en: Region": (
        "      Näme: {label: {en: Region",
        "shop.yml:21: 'Näme' is not a name; allowed: a to z",
    ),
    "dimensions:": ("dimensions: [", "shop.yml:9: not YAML: "),
    "label: {en: Shop": ("label: {en: \x01", "shop.yml:2: character 1 is not allowed here"),
}


@pytest.mark.parametrize("right", MISTAKES)
def test_a_mistake_is_reported_with_its_line_and_what_is_allowed(right):
    wrong, message = MISTAKES[right]

    with pytest.raises(DatasetError) as caught:
        datasets.parse(SHOP.replace(right, wrong, 1), "shop.yml")

    assert str(caught.value).startswith(message)


@pytest.mark.parametrize(
    "text, message",
    [
        ("", "shop.yml:1: the file is empty"),
        ("[]", "shop.yml:1: the file is not a mapping"),
        ("[" * 5000, "shop.yml:1: "),
        (
            "a: " + "x" * 300_000,
            "shop.yml:1: the file has 300003 characters; allowed: up to 262144",
        ),
        ("a: *b", "shop.yml:1: not YAML: found undefined alias"),
    ],
)
def test_a_file_that_is_no_dataset_is_refused(text, message):
    with pytest.raises(DatasetError) as caught:
        datasets.parse(text, "shop.yml")

    assert str(caught.value).startswith(message)


def test_a_deep_expression_is_refused():
    deep = "(" * 900 + "day" + ")" * 900

    with pytest.raises(DatasetError, match=r"shop.yml:6: the expression is nested too deeply"):
        datasets.parse(SHOP.replace("day: day", f"day: {deep}"), "shop.yml")


def test_a_file_that_is_not_text_is_refused(tmp_path):
    (tmp_path / "shop.yml").write_bytes(b"\xff\xfe\x00")

    with pytest.raises(DatasetError, match="shop.yml cannot be read"):
        datasets.load(tmp_path / "shop.yml")


def test_a_missing_table_is_reported_where_it_is_named(workbench):
    path = workbench.write(SHOP)

    with pytest.raises(DatasetError, match=r"shop.yml:5: there is no file 'sold.csv'"):
        datasets.load(path)


def test_the_name_is_the_files(workbench):
    path = workbench.write(SHOP.replace("name: shop", "name: store"), sold=SOLD)

    with pytest.raises(DatasetError, match=r"shop.yml:1: the name is 'store'; allowed: 'shop'"):
        datasets.load(path)


@pytest.mark.parametrize(
    "right, wrong, message",
    [
        ("sql: phone", "sql: fax", "shop.yml:15: sold.csv has no column 'fax'; allowed: day, code"),
        ("day: day", "day: ticket", "shop.yml:6: ticket is of type BIGINT; allowed: DATE"),
        (
            'SUM(CAST(amount AS DECIMAL(12, 2)))", kind',
            'SUM(amount)", kind',
            "shop.yml:23: amount is of type DOUBLE; allowed: DECIMAL",
        ),
        ("sql: region}", "sql: UPPER(ticket)}", "shop.yml:21: UPPER(ticket): Binder Error"),
    ],
)
def test_an_expression_that_does_not_fit_its_table_is_reported(workbench, right, wrong, message):
    path = workbench.write(SHOP.replace(right, wrong, 1), sold=SOLD)

    with pytest.raises(DatasetError) as caught:
        snapshots.check(datasets.load(path), path.parent)

    assert str(caught.value).startswith(message)


@pytest.mark.parametrize(
    "name, additive, amounts",
    [
        ("value", True, True),
        ("tickets", False, True),
        ("lines", True, True),
        ("price", False, False),
    ],
)
def test_a_measure_knows_whether_it_adds_up(name, additive, amounts):
    formula = datasets.parse(SHOP, "shop.yml").measures[name].formula

    assert (formula.additive, formula.amounts) == (additive, amounts)


def test_a_dataset_may_say_which_dimension_is_of_what_accounts_buy():
    text = SHOP.replace("accounts: buyers", "accounts: buyers\ncategories: regions")

    assert datasets.parse(text, "shop.yml").categories == "regions"
    assert datasets.parse(SHOP, "shop.yml").categories is None


NOTHING_ADDS_UP = """\
measures:
  tickets: {label: {en: Tickets, fr: Tickets}, sql: COUNT(DISTINCT ticket)}
"""


@pytest.mark.parametrize(
    "said, measures, message",
    [
        ("accounts: buyers\ncategories: fruit", "", "4: categories is 'fruit'; allowed: regions"),
        ("accounts: buyers\ncategories: buyers", "", "4: categories is 'buyers'; allowed: regions"),
        ("categories: regions", "", "3: 'categories' are of what accounts buy, and there is no"),
        (
            "accounts: buyers\ncategories: regions",
            NOTHING_ADDS_UP,
            "4: 'categories' need a measure that adds up; allowed: SUM(…) or COUNT(*)",
        ),
    ],
)
def test_categories_that_cannot_be_of_what_accounts_buy_are_refused(said, measures, message):
    text = SHOP.replace("accounts: buyers", said)
    if measures:
        text = text.partition("measures:")[0] + measures

    with pytest.raises(DatasetError) as caught:
        datasets.parse(text, "shop.yml")

    assert str(caught.value).startswith(f"shop.yml:{message}")
