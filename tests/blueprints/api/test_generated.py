"""Requests made from the description of the API: whatever it allows or forbids, it keeps its word.

``CRMAPP_SCHEMATHESIS_CASES`` says how many are sent, at least; there are few in the ordinary tests.
"""

from __future__ import annotations

import os
from collections import Counter
from contextlib import suppress
from typing import Any

import pytest
import schemathesis
from hypothesis import HealthCheck, Phase, assume, given, seed, settings
from hypothesis.errors import Unsatisfiable
from schemathesis import GenerationMode
from schemathesis.core.parameters import ParameterLocation

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
NEVER_WRONG = {
    "list_connections",
    "list_datasets",
    "list_fields",
    "list_mappings",
    "list_pick_lists",
    "list_webhooks",
    "read_pick_list",
}
"""What takes nothing, or any text: no request of these is forbidden."""


@pytest.fixture
def described(app, make, program, monkeypatch):
    """The API as it describes itself to a program that may do everything, with fields of ours."""
    monkeypatch.setattr(limiter, "enabled", False)
    token = program(make.alice).token
    fields = [make.field("Zone", filterable=True), make.field("Seats", kind="number")]
    checks = {
        "positive_data_acceptance": {"expected-statuses": ["2xx", *REFUSALS]},
        "negative_data_rejection": {"expected-statuses": REFUSALS},
    }
    config = schemathesis.Config.from_dict({"checks": checks})
    brought = {"Authorization": f"Bearer {token}"}
    address = "/api/v1/openapi.json"
    schema = schemathesis.openapi.from_wsgi(address, app, config=config, headers=brought)
    assert all(field.name in str(schema.raw_schema) for field in fields)
    return schema, token


@pytest.fixture
def there(make, sales) -> dict[str, Any]:
    """One of each kind of thing, by the names that addresses have for them."""
    account = make.account("Acme", number="C1")
    done = carry_out(make, plan(make, rows_of("Beta", "Gamma")))
    message = make.message(kind="account.updated", object="account", record_id=account.id)
    saved = saved_mappings.save(start(make), "ERP", MAPPING, by=make.mona)
    return {
        "account_id": account.id,
        "contact_id": make.contact(account, "Doe").id,
        "activity_id": make.activity(account, "Call").id,
        "run_id": done.id,
        "mapping_id": saved.mapping_id,
        "hook_id": message.webhook_id,
        "message_id": message.id,
        "value_id": make.value("terms", "heir").id,
        "code": "terms",
        "object_": "account",
        "dataset": "sales",
        "dimension": "customers",
    }


@pytest.mark.parametrize("mode", list(GenerationMode), ids=lambda mode: mode.value)
def test_every_answer_is_as_described(described, there, mode):
    schema, token = described
    # The token is given: a wrong one would be replaced on its way, and nothing would be wrong.
    headers = {"Authorization": f"Bearer {token}", "Accept-Encoding": "identity"}
    sent = Counter[str]()
    for name in sorted(OPERATIONS, key=lambda name: (name.startswith("delete"), name)):
        operation = schema.find_operation_by_id(name)
        known = {each: there[each] for each in there if f"{{{each}}}" in operation.path}
        # Made by chance, an id or a version is hardly ever right, and nothing else is looked at.
        right = {"path_parameters": known or None, "headers": {**headers, "If-Match": "*"}}
        for fixed in ({"headers": headers}, right):
            sent[name] += send(operation.as_strategy(generation_mode=mode, **fixed), headers)
    print(f"{mode.value}: {sent.total()} requests")  # noqa: T201 - pytest -rP shows it
    positive = mode is GenerationMode.POSITIVE
    assert {name for name in sent if not sent[name]} == (set() if positive else NEVER_WRONG)
    assert sent.total() >= CASES // len(GenerationMode)


def send(strategy: Any, headers: dict[str, str]) -> int:
    """Send what is made, if any can be; hold each answer to the description; return how many."""
    sent = 0

    @seed(7)
    @MADE
    @given(case=strategy)
    def ask(case: Any) -> None:
        nonlocal sent
        assume(not nothing_is_wrong(case))
        sent += 1
        case.call_and_validate(headers=headers)

    with suppress(Unsatisfiable):
        ask()
    return sent


def nothing_is_wrong(case: Any) -> bool:
    """Say whether all that was made wrong of a request are unknown arguments that hold ``[]``.

    An address cannot say that. They are left out, what is sent is as it is described, and an answer
    with a 200 is right. What has anything else wrong with it is sent, and has to be refused.
    """
    wrong = case.meta.phase.data.mutations
    strange = (ParameterLocation.QUERY, ("additionalProperties",))
    if any((each.parameter_location, each.keywords) != strange for each in wrong):
        return False
    known = {each.name for each in case.operation.query}
    unknown = [value for name, value in case.query.items() if name not in known]
    return bool(wrong) and bool(unknown) and all(value == [] for value in unknown)
