from __future__ import annotations

from soak.cooking import cook
from soak.pages import Page
from soak.recipes import Recipe

HTML = """
<a href="/help">Help</a> <button form="edit" name="do" value="save">Save</button>
<form id="edit" method="post" action="/accounts/7">
  <input type="hidden" name="csrf_token" value="t"> <input name="name" value="Acme">
  <input type="checkbox" name="active" value="y" checked> <input type="checkbox" name="vip">
  <select name="owner"><option value="1">Ana</option><option value="2" selected>Bo</option></select>
  <textarea name="notes">Likes &amp; tea</textarea>
  <button name="do" value="save">Save</button><button name="do" value="leave">Leave</button>
</form>
"""
RECIPE = Recipe("rep", 0, "fields", [(0, "'; --")], [], ("", b""), fragment=False)


def test_a_page_offers_links_and_what_a_browser_would_send():
    page = Page("/", HTML)

    form = page.forms[0]
    assert page.links == ["/help"]
    assert form.choices["owner"] == ["1", "2"]
    assert form.pairs == [
        ("csrf_token", "t"),
        ("name", "Acme"),
        ("active", "y"),
        ("owner", "2"),
        ("notes", "Likes & tea"),
        ("do", "save"),
    ]


def test_a_recipe_spoils_fields_and_leaves_the_token_of_whoever_sends_it():
    request = cook(Page("/", HTML).forms[0], RECIPE, token="hers", key="k")

    assert request.path == "/accounts/7"
    assert request.body is not None
    assert request.body.startswith(b"csrf_token=hers&active=y")
    assert request.body.endswith(b"name=%27%3B+--")
