"""Every address that can be asked for without changing anything, with what stands in it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from flask import Flask

WITHOUT_ANSWER = {"security.logout"}
"""It is only there to be sent a form."""


def known(make: Any) -> dict[str, Any]:
    """Make one of each record that stands in addresses, and return its id."""
    account, message = make.account("Acme", owner_id=make.bob.id), make.message()
    return {
        "account_id": account.id,
        "contact_id": make.contact(account).id,
        "activity_id": make.activity(account, kind="task").id,
        "user_id": make.carol.id,
        "run_id": make.run(kind="bulk", status="planning").id,
        "field_id": make.field("Zone").id,
        "value_id": make.value("terms").id,
        "code": "terms",
        "audience": "rep",
        "slug": "start",
        "hook_id": message.webhook_id,
        "delivery_id": message.id,
    }


def addresses(app: Flask, ids: Mapping[str, Any] | None = None) -> Iterator[tuple[str, str]]:
    """Yield endpoint and address of whatever answers GET, as far as ``ids`` fill the address."""
    for rule in app.url_map.iter_rules():
        fits = rule.arguments <= (ids or {}).keys()
        if "GET" not in (rule.methods or ()) or not fits or rule.endpoint in WITHOUT_ANSWER:
            continue
        with app.test_request_context():
            values = {name: (ids or {})[name] for name in rule.arguments}
            built = rule.build(values, append_unknown=False)
        if built:
            yield rule.endpoint, built[1]
