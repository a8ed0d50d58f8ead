"""The guide says what the screens say, in both languages, and nothing in it leads nowhere."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
import yaml
from babel.messages.pofile import read_po

from crmapp.config import ROOT
from crmapp.i18n import LOCALES
from crmapp.web import guide
from crmapp.web.assets import STATIC

BOLD = re.compile(r"\*\*(.+?)\*\*")
PICTURE = re.compile(r"!\[([^\]]*)\]\(([^)]+)\)")
LINK = re.compile(r"(?<!!)\[[^\]]+\]\(([^)]+)\)")
PLACEHOLDER = re.compile(r"%\(\w+\)[sd]|%%")
LARGEST = 100_000
PAGES = [(slug, language) for language in LOCALES for slug in guide.CHAPTERS]


def text_of(slug: str, language: str) -> str:
    return plain((guide.FOLDER / language / f"{slug}.md").read_text(encoding="utf-8"))


def plain(text: str) -> str:
    """Return the text with the one kind of space that is on the keyboard."""
    return text.replace("\u00a0", " ").replace("\u202f", " ")


@pytest.fixture(scope="module")
def said() -> dict[str, list[re.Pattern[str]]]:
    """Return language → a pattern per text that a screen may show."""
    with (ROOT / "crmapp/translations/fr/LC_MESSAGES/messages.po").open("rb") as file:
        catalogue = read_po(file, locale="fr")
    texts: dict[str, set[str]] = {"en": set(), "fr": set()}
    for message in catalogue:
        texts["en"].update([message.id] if isinstance(message.id, str) else message.id)
        texts["fr"].update([message.string] if isinstance(message.string, str) else message.string)
    for path in (ROOT / "datasets").glob("*.yml"):
        for label in labels(yaml.safe_load(path.read_text())):
            for language in texts:
                texts[language].add(label.get(language) or label["en"])
    return {
        language: [pattern(text) for text in found if text] for language, found in texts.items()
    }


def labels(part) -> list[dict[str, str]]:
    """Return every label of a dataset's file."""
    if isinstance(part, list):
        return [label for each in part for label in labels(each)]
    if not isinstance(part, dict):
        return []
    label = part.get("label")
    own = [{"en": label}] if isinstance(label, str) else [label] if label else []
    return own + [label for each in part.values() for label in labels(each)]


def pattern(text: str) -> re.Pattern[str]:
    """Return what matches the text with any values in it."""
    return re.compile(".+".join(re.escape(part) for part in PLACEHOLDER.split(plain(text))))


@pytest.mark.parametrize("slug, language", PAGES)
def test_every_bold_word_is_one_that_the_screens_show(said, slug, language):
    words = set(BOLD.findall(text_of(slug, language)))

    unknown = [word for word in words if not any(each.fullmatch(word) for each in said[language])]

    assert unknown == []


@pytest.mark.parametrize("slug, language", PAGES)
def test_every_picture_is_there_small_and_described(slug, language):
    for words, path in PICTURE.findall(text_of(slug, language)):
        file = (guide.FOLDER / language / path).resolve()

        assert words
        assert file.parent == STATIC / "guide" / language
        assert 5_000 < file.stat().st_size < LARGEST, file.name


def test_no_picture_is_kept_that_no_chapter_shows():
    shown = {
        (language, Path(path).name)
        for slug, language in PAGES
        for _words, path in PICTURE.findall(text_of(slug, language))
    }
    kept = {(path.parent.name, path.name) for path in (STATIC / "guide").glob("*/*")}

    assert kept == shown


@pytest.mark.parametrize("slug", guide.CHAPTERS)
def test_both_languages_have_the_same_sections_pictures_and_links(slug):
    shapes = []
    for language in LOCALES:
        text = text_of(slug, language)
        pictures = [Path(path).name for _words, path in PICTURE.findall(text)]
        bold = len(BOLD.findall(text))
        shapes.append((re.findall("^#+", text, re.M), pictures, LINK.findall(text), bold))

    assert shapes[0] == shapes[1]


def test_every_file_of_the_guide_is_a_chapter():
    files = {(path.stem, path.parent.name) for path in guide.FOLDER.glob("*/*")}

    assert files == set(PAGES)
