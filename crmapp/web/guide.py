"""The user guide: chapters in ``docs/guide/<language>/``, written in Markdown, read in the app.

A chapter is one file in each language, with a title, a first paragraph that says what it is about,
and sections. Its pictures are made by ``scripts/guide_pictures.sh``.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from markdown_it import MarkdownIt
from markdown_it.token import Token
from markupsafe import Markup

from crmapp.config import ROOT
from crmapp.domain.search import fold
from crmapp.errors import NotFound
from crmapp.web.assets import static_url
from crmapp.web.context import this_request
from crmapp.web.texts import language

FOLDER = ROOT / "docs" / "guide"
CHAPTERS: dict[str, tuple[str, ...]] = {
    "start": (),
    "accounts": ("accounts",),
    "contacts": (
        *("contacts", "activities", "day", "accounts.contacts"),
        *("accounts.timeline", "accounts.activities", "accounts.history"),
    ),
    "grid": ("grid",),
    "databases": ("databases",),
    "add-update": ("upserts", "imports"),
    "runs": ("runs",),
    "search": ("palette", "preferences", "security"),
    "feeds": (
        *("settings.feed_sources", "settings.choose_feed_kind", "settings.new_feed_source"),
        *("settings.add_feed_source", "settings.feed_source", "settings.save_feed_source"),
        *("settings.crm_mappings", "settings.new_crm_mapping", "settings.crm_mapping"),
        *("settings.crm_mapping_rules", "settings.crm_mapping_versions"),
        *("settings.new_crm_mapping_source", "settings.crm_mapping_source"),
        *("settings.feed_plan", "settings.matches"),
    ),
    "admin": ("settings", "reference"),
    "integrations": (
        *("accounts.salesforce", "accounts.arrangement", "settings.subscriptions"),
        *("settings.advanced", "settings.confirm_taking_back"),
        *("settings.advanced_other", "settings.crm", "settings.crm_other", "settings.field_map"),
        *("settings.try_field_map", "settings.managed_lists", "settings.list_review_page"),
        *("settings.connections", "settings.connection", "settings.requests"),
        *("settings.sync_health", "settings.sync_cause", "settings.sync_plan"),
    ),
}
"""Chapters in their order, and the blueprints or endpoints that each explains."""
_EXPLAINING = {name: slug for slug, names in CHAPTERS.items() for name in names}
EXCERPT = 160
_MARKDOWN = MarkdownIt("commonmark", {"html": False}).enable("table")


@dataclass(frozen=True)
class Section:
    """A heading of a chapter with its text: ``id`` is its place on the page, empty for the top."""

    id: str
    title: str
    text: str


@dataclass(frozen=True)
class Chapter:
    """A page of the guide in one language; ``about`` is its first paragraph."""

    slug: str
    title: str
    about: str
    sections: Sequence[Section]


@dataclass(frozen=True)
class Hit:
    """A section in which all words that were looked for stand."""

    chapter: Chapter
    section: Section
    excerpt: str


def chapters() -> list[Chapter]:
    """Return all chapters in the reader's language."""
    return [_chapter(slug, language()) for slug in CHAPTERS]


def chapter(slug: str) -> Chapter:
    """Return one chapter in the reader's language.

    Raises:
        NotFound: there is none of this name.
    """
    if slug not in CHAPTERS:
        raise NotFound
    return _chapter(slug, language())


def body(slug: str) -> Markup:
    """Return what stands below the title of a chapter; the text is our own, and has no HTML."""
    spoken = language()
    tokens = _tokens(slug, spoken)
    for token in tokens:
        for child in token.children or []:
            _rewrite(child, spoken)
    html = _MARKDOWN.renderer.render(tokens, _MARKDOWN.options, {})
    return Markup(html)  # noqa: S704  the guide is part of crmapp; Markdown without HTML


def explaining() -> str:
    """Return the chapter about the page that the reader looks at, else the first."""
    asked = this_request()
    by_endpoint = _EXPLAINING.get(asked.endpoint or "")
    return by_endpoint or _EXPLAINING.get(asked.blueprint or "") or next(iter(CHAPTERS))


def find(words: str) -> list[Hit]:
    """Return the sections in which all words stand, those with them in their title first."""
    parts = fold(words).split()
    if not parts:
        return []
    hits = [
        Hit(each, section, _excerpt(section.text, parts[0]))
        for each in chapters()
        for section in each.sections
        if all(part in fold(f"{each.title} {section.title} {section.text}") for part in parts)
    ]
    return sorted(hits, key=lambda hit: not any(part in fold(hit.section.title) for part in parts))


def _path(slug: str, language: str) -> Path:
    return FOLDER / language / f"{slug}.md"


@cache
def _chapter(slug: str, language: str) -> Chapter:
    title = _parsed(slug, language)[1].content
    sections = list(_sections(_tokens(slug, language), title))
    return Chapter(slug, title, sections[0].text.partition("\n")[0], sections)


def _parsed(slug: str, language: str) -> list[Token]:
    return _MARKDOWN.parse(_path(slug, language).read_text(encoding="utf-8"))


def _tokens(slug: str, language: str) -> list[Token]:
    """Return what stands below the title, with an id at each heading."""
    tokens = _parsed(slug, language)[3:]
    for opening, inline in zip(tokens, tokens[1:], strict=False):
        if opening.type == "heading_open":
            opening.attrSet("id", _id(inline.content))
    return tokens


def _id(title: str) -> str:
    return re.sub(r"[^a-z0-9]+", "-", fold(title)).strip("-")


def _sections(tokens: Sequence[Token], title: str) -> Iterator[Section]:
    place, heading, lines = "", title, list[str]()
    for before, token in zip([None, *tokens], tokens, strict=False):
        if token.type != "inline":
            continue
        if before is not None and before.type == "heading_open":
            yield Section(place, heading, "\n".join(lines))
            place, heading, lines = _id(token.content), token.content, []
        else:
            lines.append(_said(token))
    yield Section(place, heading, "\n".join(lines))


def _said(token: Token) -> str:
    """Return the words of a line without its signs and pictures."""
    parts = (child for child in token.children or [] if child.type != "image")
    return "".join(" " if part.type == "softbreak" else part.content for part in parts)


def _excerpt(text: str, part: str) -> str:
    """Return the line of the text in which ``part`` stands, not too long."""
    lines = [line for line in text.split("\n") if part in fold(line)] or text.split("\n")
    return lines[0] if len(lines[0]) <= EXCERPT else f"{lines[0][:EXCERPT].rpartition(' ')[0]} …"


def _rewrite(token: Token, language: str) -> None:
    """Turn the paths of files, as they stand in the repository, into addresses of the app."""
    if token.type == "image":
        name = str(token.attrs["src"]).rpartition("/")[2]
        token.attrSet("src", static_url(f"guide/{language}/{name}"))
        token.attrSet("loading", "lazy")
    elif token.type == "link_open":
        token.attrSet("href", re.sub(r"^([a-z-]+)\.md", r"\1", str(token.attrs["href"])))
