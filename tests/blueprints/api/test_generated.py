"""Requests made from the description of the API: whatever it allows or forbids, it keeps its word.

``CRMAPP_SCHEMATHESIS_CASES`` says how many are made in all; there are few in the ordinary tests.
"""

from __future__ import annotations

import os
from typing import Any

import pytest
import schemathesis
from hypothesis import HealthCheck, Phase, given, seed, settings
from schemathesis import GenerationMode

from crmapp.blueprints.api.door import OPERATIONS
from crmapp.services import saved_mappings
from crmapp.web.extensions import limiter
from tests.support.upserts import MAPPING, carry_out, plan, rows_of, start

CASES = int(os.environ.get("CRMAPP_SCHEMATHESIS_CASES", "300"))
EACH = max(2, -(-CASES // (len(OPERATIONS) * len(GenerationMode))))
MADE = settings(
    max_examples=EACH,
    database=None,
    deadline=None,
    phases=[Phase.generate],
    suppress_health_check=list(HealthCheck),
)
REFUSALS = ["400", "401", "403", "404", "405", "406", "409", "412", "415", "422", "428"]
"""What may be said to any request: our rules know more than a schema can say."""


@pytest.fixture
def described(app, make, program, monkeypatch):
    """The API as it describes itself, with a program that may do everything."""
    monkeypatch.setattr(limiter, "enabled", False)
    checks = {
        "positive_data_acceptance": {"expected-statuses": ["2xx", *REFUSALS]},
        "negative_data_rejection": {"expected-statuses": REFUSALS},
    }
    config = schemathesis.Config.from_dict({"checks": checks})
    schema = schemathesis.openapi.from_wsgi("/api/v1/openapi.json", app, config=config)
    return schema, program(make.alice).token


@pytest.fixture
def there(make, sales) -> dict[str, Any]:
    """One of each kind of thing, by the names that addresses have for them."""
    account = make.account("Acme", number="C1")
    done = carry_out(make, plan(make, rows_of("Beta", "Gamma")))
    saved = saved_mappings.save(start(make), "ERP", MAPPING, by=make.mona)
    return {
        "account_id": account.id,
        "contact_id": make.contact(account, "Doe").id,
        "activity_id": make.activity(account, "Call").id,
        "run_id": done.id,
        "mapping_id": saved.mapping_id,
        "value_id": make.value("terms", "heir").id,
        "code": "terms",
        "object_": "account",
        "dataset": "sales",
        "dimension": "customers",
    }


@pytest.mark.parametrize("mode", list(GenerationMode), ids=lambda mode: mode.value)
def test_every_answer_is_as_described(described, there, mode):
    schema, token = described
    headers = {"Authorization": f"Bearer {token}", "Accept-Encoding": "identity"}
    positive = mode is GenerationMode.POSITIVE
    if positive:
        headers["If-Match"] = "*"  # a version by chance would hardly ever be the right one
    for name in sorted(OPERATIONS, key=lambda name: (name.startswith("delete"), name)):
        operation = schema.find_operation_by_id(name)
        known = {each: there[each] for each in there if f"{{{each}}}" in operation.path}
        fixed = {"path_parameters": known} if known and positive else {}
        strategy = operation.as_strategy(generation_mode=mode, **fixed)

        @seed(7)
        @MADE
        @given(case=strategy)
        def ask(case: Any) -> None:
            case.call_and_validate(headers=headers)

        ask()
