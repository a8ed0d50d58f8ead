"""The laws of templates: htmx 4 and not 2, forms and links first, nothing inline."""

import re
from html.parser import HTMLParser

import pytest

from crmapp.config import ROOT
from tests.house.test_budgets import PACKAGE, TEMPLATES

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
    "a colon without the space that French wants": r"\}\}(?:</\w+>|\{% endif %\})?: \{\{",
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


def breaches(paths, breaks):
    """Return where ``breaks`` finds something, as *file: what*."""
    return [f"{path.relative_to(ROOT)}: {what}" for path in paths for what in breaks(path)]


@pytest.mark.parametrize("rule", FORBIDDEN)
def test_nothing_forbidden_is_written(rule):
    def found(path):
        source = path.read_text()
        if path.suffix == ".html":
            source = re.sub(r"\{#.*?#\}", "", source, flags=re.DOTALL)
        return re.findall(FORBIDDEN[rule], source)

    assert breaches(PAGES + SCRIPTS, found) == []


def test_a_link_with_htmx_is_a_link_without_it():
    def bare(path):
        links = [attributes for tag, attributes, _ in elements(path) if tag == "a"]
        return [link for link in links if "hx-get" in link and not link.get("href")]

    assert breaches(PAGES, bare) == []


def test_a_form_with_htmx_is_a_form_without_it():
    def bare(path):
        for tag, attributes, around in elements(path):
            if not {"hx-post", "hx-put", "hx-patch"} & attributes.keys():
                continue
            forms = [form for name, form in [*around, (tag, attributes)] if name == "form"]
            plain = forms and forms[-1].get("method") == "post" and "action" in forms[-1]
            if not plain and "formaction" not in attributes:
                yield attributes

    assert breaches(PAGES, bare) == []


def test_a_target_belongs_to_a_verb_or_is_inherited_in_so_many_words():
    def astray(path):
        for tag, attributes, _ in elements(path):
            about = {"hx-target", "hx-swap", "hx-push-url"} & attributes.keys()
            if about and tag != "hx-partial":
                yield from [] if set(VERBS) & attributes.keys() else [attributes]

    assert breaches(PAGES, astray) == []


def test_a_form_that_changes_something_is_protected():
    tokens = ("csrf_token", "hidden_tag()", "hidden_fields")

    def unprotected(path):
        forms = re.findall(r'<form\b[^>]*method="post".*?</form>', path.read_text(), re.DOTALL)
        return [form[:120] for form in forms if not any(token in form for token in tokens)]

    assert breaches(PAGES, unprotected) == []


def test_a_partial_says_what_it_needs():
    silent = [path for path in PARTIALS if not path.read_text().startswith("{# needs: ")]

    assert silent == []


PART = re.compile(r'part\("([^"]+)"')


def kept(pages=PAGES):
    """Return the kept parts (see ``crmapp/web/kept.py``) in pages, with all that they include."""
    found, left = set(), PART.findall("".join(page.read_text() for page in pages))
    while left:
        path = FOLDER / left.pop()
        if path not in found:
            found.add(path)
            left += re.findall(r'include "([^"]+)"', path.read_text())
    return sorted(found)


def test_a_kept_part_says_nothing_that_is_true_of_one_answer_only():
    # The button of a macro comes with a token of its own: macros do not know what is filled in.
    passing = r"post_button|\|\s*(?:ago|date|datetime)\b|\bnow\(|get_flashed_messages|view_args"

    assert len(kept()) > 10
    assert breaches(kept(), lambda path: re.findall(passing, path.read_text())) == []


def test_what_is_kept_within_a_kept_part_has_nothing_to_be_filled_in():
    # It is filled in when the part around it is written, and kept as it was then.
    later = r"csrf_token|csp_nonce|\bhere\(|\bmarks\b"

    assert len(kept(kept())) > 1
    assert breaches(kept(kept()), lambda path: re.findall(later, path.read_text())) == []


def place(path):
    """Return the id that follows a partial's path: ``accounts-table`` of ``accounts/_table``."""
    name = path.relative_to(FOLDER).with_suffix("").as_posix()
    return name.replace("/_", "/").removeprefix("_").replace("/", "-").replace("_", "-")


def test_a_partial_has_one_root_whose_id_follows_its_path():
    def wrong(path):
        source = re.sub(r"\{% macro .*?endmacro", "", path.read_text(), flags=re.DOTALL)
        roots = [attributes for _, attributes, around in Elements(source).found if not around]
        # A partial may stand where another of its folder stood, as a plan where its progress was.
        places = tuple(place(sibling) for sibling in path.parent.glob("_*.html"))
        ids = [root["id"] or "" for root in roots if "id" in root]
        # One that Jinja fills in, as the id of a record's row, is "x" here.
        yield from [name for name in ids if not name.startswith((*places, "x"))]
        if ids and len(roots) != 1:
            yield f"{len(roots)} roots"

    assert breaches(PARTIALS, wrong) == []


def test_every_text_of_a_template_can_be_translated():
    words = re.compile(r">\s*([A-Z][a-z]+(?: [a-z]+)+)[^<{]*<")

    assert breaches(PAGES, lambda path: words.findall(without_jinja(path.read_text()))) == []


def test_the_laws_can_be_broken():
    bad = '<div hx-on:click="x" style="color:red" onclick="y()"><script>1</script></div>'

    assert sum(bool(re.search(pattern, bad)) for pattern in FORBIDDEN.values()) == 4
