"""The record page of an account over a bare Flask page of the same queries and HTML.

    python -m bench.record --rows 1000000

Fifty records are opened one after the other. The bare page reads the account, who is responsible,
its identities, how many contacts and activities it has and its neighbours in the list; it fills in
what these hold, in the real page kept as text. Asserts that both have the same bytes.
"""

from __future__ import annotations

import json
import re
import sqlite3
from collections.abc import Iterator, Mapping
from random import Random
from typing import Any

from flask import request

from bench.bare import Bare, compare, run, with_values
from bench.figures import Figure, Size
from bench.filled import FIELD, Filled

ACCOUNT = f"""
    SELECT a.*, json_extract(a.custom, '$.{FIELD}') AS {FIELD}, o.name AS owner, t.name AS team,
        p.name AS parent, c.first_name, c.last_name
    FROM account a
    LEFT JOIN user o ON o.id = a.owner_id
    LEFT JOIN team t ON t.id = a.team_id
    LEFT JOIN account p ON p.id = a.parent_id
    LEFT JOIN contact c ON c.id = a.primary_contact_id
    WHERE a.id = ? AND a.deleted_at IS NULL
"""
LABEL = "SELECT label_en FROM pick_list_value WHERE list_code = 'territory' AND code = ?"
IDENTITIES = "SELECT system, object, external_id FROM external_identity WHERE account_id = ?"
COUNTS = """
    SELECT (SELECT count(*) FROM contact WHERE account_id = :id AND deleted_at IS NULL),
        (SELECT count(*) FROM activity WHERE account_id = :id AND deleted_at IS NULL)
"""
BEFORE = """
    SELECT id FROM account WHERE deleted_at IS NULL AND (name_key, id) < (:name_key, :id)
    ORDER BY name_key DESC, id DESC LIMIT 1
"""
AFTER = """
    SELECT id FROM account WHERE deleted_at IS NULL AND (name_key, id) > (:name_key, :id)
    ORDER BY name_key, id LIMIT 1
"""
FACT = re.compile(
    r'<dd>(?:<span class="muted">–</span>|  [^<]*\n)<a class="edit" id="account-\d+-([\w-]+)-edit"'
)
OWNER = re.compile(
    r'(?<=<span class="vh">Owner</span> )(?:<span class="muted">No owner</span>|[^<]+)(?=</li>)'
)
OWNED = '{% if owner_id %}{{ owner_id }}{% else %}<span class="muted">No owner</span>{% endif %}'
FILLED = (
    '<dd>{{% if {0} %}}  {{{{ {0} }}}}\n{{% else %}}<span class="muted">–</span>{{% endif %}}'
    '<a class="edit" id="account-{{{{ id }}}}-{1}-edit"'
)


def record(connection: sqlite3.Connection) -> Mapping[str, Any]:
    """Read what the bare page shows of the account that is asked for."""
    cursor = connection.execute(ACCOUNT, [int(request.args["id"])])
    (found,) = cursor.fetchall()
    r: dict[str, Any] = dict(zip((each[0] for each in cursor.description), found, strict=True))
    r |= {"owner_id": r["owner"], "team_id": r["team"], "parent_id": r["parent"]}
    r |= {"primary_contact_id": r["first_name"], "tags": ", ".join(json.loads(r["tags"]))}
    r["active"] = "Yes" if r["active"] else "No"
    (r[FIELD],) = connection.execute(LABEL, [r[FIELD]]).fetchone()
    r["identities"] = connection.execute(IDENTITIES, [r["id"]]).fetchall()
    key = {"id": r["id"], "name_key": r["name_key"]}
    r["contacts"], r["activities"] = connection.execute(COUNTS, key).fetchone()
    for name, query in (("before", BEFORE), ("after", AFTER)):
        (r[name],) = connection.execute(query, key).fetchone()
    return r


def template(html: str, r: Mapping[str, Any]) -> str:
    """Make a template of the page of the account ``r``: every fact is filled in if there is one."""
    values = {
        r["name"]: "{{ name }}",
        r["number"]: "{{ number }}",
        r["phone"]: "{{ phone }}",
        r["phone"].replace(" ", ""): "{{ phone.replace(' ', '') }}",
        f"account-{r['id']}-": "account-{{ id }}-",
        f"/accounts/{r['id']}": "/accounts/{{ id }}",
        f'value="{r["id"]}"': 'value="{{ id }}"',
        f'/accounts/{r["before"]}"': '/accounts/{{ before }}"',
        f'/accounts/{r["after"]}"': '/accounts/{{ after }}"',
        'Contacts <span class="count">0': 'Contacts <span class="count">{{ contacts }}',
        'Activities <span class="count">0': 'Activities <span class="count">{{ activities }}',
    }
    for fact in FACT.finditer(html):
        values[fact[0]] = FILLED.format(fact[1].replace("-", "_"), fact[1])
    before, after = OWNER.split(html, maxsplit=1)
    pairs = list(values.items())
    return with_values(before, pairs) + OWNED + with_values(after, pairs)


def figures_of(of: Filled, size: Size) -> Iterator[Figure]:
    """The record page over a bare one."""
    bare = Bare(of.database)
    ids = Random(7).sample(range(2, min(of.count, 20_000) - 1), size.pages)  # filled at one time
    with bare.reading(f"/?id={ids[0]}") as connection:
        r = record(connection)
    bare.page("/record", template(of.ask(f"/accounts/{ids[0]}").decode(), r), record)
    pages = [(f"/accounts/{number}", f"/record?id={number}") for number in ids]
    yield compare("record page", of, bare, pages, size)


if __name__ == "__main__":
    run(__doc__, figures_of)
