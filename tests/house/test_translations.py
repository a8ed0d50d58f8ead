"""French is complete: whoever adds a text adds its translation (``scripts/translate.sh``)."""

import re
import subprocess
import sys

import pytest
from babel.messages.catalog import Catalog
from babel.messages.extract import extract_from_dir
from babel.messages.pofile import read_po
from babel.support import Translations

from crmapp.config import ROOT
from crmapp.i18n import LOCALES

TRANSLATIONS = ROOT / "crmapp" / "translations"
PLACEHOLDER = re.compile(r"%\((\w+)\)[sd]|(%%)")
KEYWORDS = {
    "_": None,
    "_l": None,
    "gettext": None,
    "lazy_gettext": None,
    "N_": None,
    "Text": None,
    "ngettext": (1, 2),
    "pgettext": ((1, "c"), 2),
    "npgettext": ((1, "c"), 2, 3),
}


@pytest.fixture(scope="module")
def texts() -> Catalog:
    """Every text in the code and the templates."""
    found = Catalog()
    methods = [("**.py", "python"), ("templates/**.html", "jinja2"), ("templates/**.txt", "jinja2")]
    jinja = {"extensions": "jinja2.ext.do", "silent": "false"}
    options = {"templates/**.html": jinja, "templates/**.txt": jinja}
    extracted = extract_from_dir(
        ROOT / "crmapp", method_map=methods, keywords=KEYWORDS, options_map=options
    )
    for _file, _line, text, _comments, context in extracted:
        found.add(text, context=context)
    return found


@pytest.fixture(scope="module")
def french() -> Catalog:
    with (TRANSLATIONS / "fr" / "LC_MESSAGES" / "messages.po").open("rb") as file:
        return read_po(file, locale="fr")


QUOTED = re.compile("«[^»]*»")
"""What is meant letter by letter, such as a header to send."""


def strings(value) -> tuple[str, ...]:
    return tuple(value) if isinstance(value, tuple | list) else (value,)


def test_every_text_has_its_french(texts, french):
    lacking = [
        text.id
        for text in texts
        if text.id
        and not ((found := french.get(text.id, text.context)) and all(strings(found.string)))
    ]

    assert lacking == []


def test_no_translation_waits_for_somebody_to_look_at_it(french):
    assert [message.id for message in french if message.fuzzy and message.id] == []


def test_no_translation_is_left_of_a_text_that_is_gone(texts, french):
    gone = [text.id for text in french if text.id and not texts.get(text.id, text.context)]

    assert gone == []


def test_a_translation_has_the_placeholders_of_its_text(french):
    wrong = []
    for message in french:
        if not message.id or not all(strings(message.string)):
            continue
        wanted = set().union(*(PLACEHOLDER.findall(text) for text in strings(message.id)))
        for text in strings(message.string):
            if text and not set(PLACEHOLDER.findall(text)) <= wanted:
                wrong.append(text)
        if set(PLACEHOLDER.findall(strings(message.string)[-1])) != wanted:
            wrong.append(message.id)

    assert wrong == []


def said(catalogue: Catalog) -> list[str]:
    """Every translation, each of its plural forms by itself."""
    return [text for message in catalogue if message.id for text in strings(message.string)]


def test_french_colons_stand_apart(french):
    apart = re.compile(r"\w[:;?!](?:\s|$)")

    assert [text for text in said(french) if apart.search(QUOTED.sub("", text))] == []


def test_no_french_line_breaks_before_a_sign_that_stands_apart(french):
    plain = re.compile(r" [:;?!»]|« |[a-zà-ÿ]'[a-zà-ÿ]")

    assert [text for text in said(french) if plain.search(text)] == []


def test_every_language_that_is_offered_is_there():
    made = {path.name for path in TRANSLATIONS.iterdir() if path.is_dir()}

    assert made | {"en"} == set(LOCALES)


def test_the_catalogues_can_be_compiled():
    script = ROOT / "scripts" / "compile_translations.py"
    subprocess.run([sys.executable, script], check=True)

    assert Translations.load(TRANSLATIONS, ["fr"]).gettext("Sign in") == "Se connecter"
