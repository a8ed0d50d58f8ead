from __future__ import annotations

import yaml

from crmapp.config import ROOT
from crmapp.connectors.sandbox.seed import customers
from tests.support.duck import ask

SALES = yaml.safe_load((ROOT / "datasets" / "sales.yml").read_text())


def test_the_customers_have_the_numbers_and_addresses_of_the_dataset():
    properties = SALES["dimensions"]["customers"]["properties"]
    wanted = ("code", "name", "phone", "address", "city", "postal_code", "country", "territory")
    columns = ", ".join(properties[name]["sql"] for name in wanted)
    table = ROOT / "datasets" / SALES["fact"]["file"]

    found = [
        (c.number, c.name, c.phone, c.street, c.city, c.postal_code, c.country, c.territory)
        for c in customers()
    ]

    assert found == sorted(ask(f"SELECT DISTINCT {columns} FROM '{table}'"))  # noqa: S608  # its own file
    assert len(found) == 92
    assert found[0][:2] == ("C001", "AV Stores, Co.")


def test_without_the_table_there_are_no_customers(tmp_path):
    assert customers(tmp_path) == []
