"""The laws of templates: htmx 4 and not 2, forms and links first, nothing inline."""

import re
from html.parser import HTMLParser

import pytest

from crmapp.config import ROOT
from tests.house.test_budgets import PACKAGE, TEMPLATES, named

FOLDER = PACKAGE / "templates"
PAGES = [path for path in TEMPLATES if "email" not in path.parts and "mail" not in path.parts]
PARTIALS = [path for path in PAGES if path.name.startswith("_")]
SCRIPTS = sorted((PACKAGE / "static" / "js").glob("*.js"))
VERBS = ("hx-get", "hx-post", "hx-put", "hx-patch", "hx-delete")

FORBIDDEN = {
    "hx-on needs unsafe-eval": r"\bhx-on\b",
    "js: needs unsafe-eval": r"""["'\s]js(?:on)?:""",
    "gone in htmx 4": r"\bhx-(?:vars|params|ext|disabled-elt|inherit|disinherit|prompt|request)\b",
    "a trigger filter needs unsafe-eval": r'hx-trigger="[^"]*\w\[',
    "hx-delete sends no form": r"\bhx-delete\b",
    "an inline style": r"""[\s"']style\s*=""",
    "an inline style sheet": r"<style",
    "an inline script": r"<script(?![^>]*\ssrc=)",
    "an inline handler": r"\son[a-z]+\s*=\s*[\"']",
    "an event of htmx 2": r"htmx:[a-z]+[A-Z]",
    "boost for a whole page": r"\bhx-boost\b",
    "untrusted text as markup": r"\|\s*safe\b",
}


def without_jinja(source: str) -> str:
    """Replace what Jinja will fill in, so that tags and attributes remain."""
    source = re.sub(r"\{#.*?#\}", "", source, flags=re.DOTALL)
    source = re.sub(r"\{%.*?%\}", "", source, flags=re.DOTALL)
    return re.sub(r"\{\{.*?\}\}", "x", source, flags=re.DOTALL)


class Elements(HTMLParser):
    """Every start tag with its attributes and the tags around it."""

    VOID = {"input", "img", "br", "hr", "meta", "link", "use", "path", "source", "col"}

    def __init__(self, source: str) -> None:
        super().__init__()
        self.found: list[tuple[str, dict[str, str | None], list[tuple[str, dict]]]] = []
        self._open: list[tuple[str, dict]] = []
        self.feed(without_jinja(source))

    def handle_starttag(self, tag, attrs):
        attributes = dict(attrs)
        self.found.append((tag, attributes, list(self._open)))
        if tag not in self.VOID:
            self._open.append((tag, attributes))

    def handle_endtag(self, tag):
        for index in range(len(self._open) - 1, -1, -1):
            if self._open[index][0] == tag:
                del self._open[index:]
                return


def elements(path):
    return Elements(path.read_text()).found


@pytest.mark.parametrize("rule", FORBIDDEN)
@pytest.mark.parametrize("path", **named(PAGES + SCRIPTS))
def test_nothing_forbidden_is_written(path, rule):
    source = path.read_text()
    if path.suffix == ".html":
        source = re.sub(r"\{#.*?#\}", "", source, flags=re.DOTALL)
        source = source.replace('type="application/json"', "")

    assert re.findall(FORBIDDEN[rule], source) == []


@pytest.mark.parametrize("path", **named(PAGES))
def test_a_link_with_htmx_is_a_link_without_it(path):
    links = [attributes for tag, attributes, _ in elements(path) if tag == "a"]

    assert [link for link in links if "hx-get" in link and not link.get("href")] == []


@pytest.mark.parametrize("path", **named(PAGES))
def test_a_form_with_htmx_is_a_form_without_it(path):
    posts = [
        (tag, attributes, around)
        for tag, attributes, around in elements(path)
        if {"hx-post", "hx-put", "hx-patch"} & attributes.keys()
    ]

    for tag, attributes, around in posts:
        forms = [form for name, form in [*around, (tag, attributes)] if name == "form"]
        own_address = tag in ("button", "input") and "formaction" in attributes
        plain = forms and forms[-1].get("method") == "post" and "action" in forms[-1]
        assert plain or own_address, attributes


@pytest.mark.parametrize("path", **named(PAGES))
def test_a_target_belongs_to_a_verb_or_is_inherited_in_so_many_words(path):
    for _, attributes, _ in elements(path):
        for name in ("hx-target", "hx-swap", "hx-push-url"):
            if name in attributes and attributes.get("hx-target") != "#toasts":
                assert set(VERBS) & attributes.keys(), attributes


@pytest.mark.parametrize("path", **named(PAGES))
def test_a_form_that_changes_something_is_protected(path):
    source = path.read_text()
    posting = re.findall(r'<form\b[^>]*method="post".*?</form>', source, flags=re.DOTALL)

    for form in posting:
        assert "csrf_token" in form or "hidden_tag()" in form or "hidden_fields" in form, form[:120]


@pytest.mark.parametrize("path", **named(PARTIALS))
def test_a_partial_says_what_it_needs(path):
    assert path.read_text().startswith("{# needs: ")


@pytest.mark.parametrize("path", **named(PARTIALS))
def test_a_partial_has_one_root_whose_id_follows_its_path(path):
    source = re.sub(r"\{% macro .*?endmacro", "", path.read_text(), flags=re.DOTALL)
    roots = [attributes for _, attributes, around in Elements(source).found if not around]
    name = path.relative_to(FOLDER).with_suffix("").as_posix()
    expected = name.replace("/_", "/").removeprefix("_").replace("/", "-").replace("_", "-")
    ids = [root["id"] or "" for root in roots if "id" in root]

    # One that Jinja fills in, as the id of a record's row, is "x" here.
    assert [name for name in ids if not name.startswith((expected, "x"))] == []
    assert len(roots) == 1 or not ids


def test_every_text_of_a_template_can_be_translated():
    words = re.compile(r">\s*([A-Z][a-z]+(?: [a-z]+)+)[^<{]*<")
    found = {
        str(path.relative_to(ROOT)): words.findall(without_jinja(path.read_text()))
        for path in PAGES
    }

    assert {path: texts for path, texts in found.items() if texts} == {}


def test_the_laws_can_be_broken():
    bad = '<div hx-on:click="x" style="color:red" onclick="y()"><script>1</script></div>'

    assert sum(bool(re.search(pattern, bad)) for pattern in FORBIDDEN.values()) == 4
