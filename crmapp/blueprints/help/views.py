"""The contents of the user guide, its search, and its chapters."""

from __future__ import annotations

from flask import request
from flask.typing import ResponseReturnValue

from crmapp.blueprints.help import bp
from crmapp.services.account_question import LONGEST_SEARCH
from crmapp.web import guide
from crmapp.web.htmx import page


@bp.get("")
def index() -> ResponseReturnValue:
    """List the chapters, or the sections in which the words stand."""
    words = request.args.get("q", "")[:LONGEST_SEARCH].strip()
    return page("help/index.html", words=words, hits=guide.find(words), chapters=guide.chapters())


@bp.get("/<slug>")
def show(slug: str) -> ResponseReturnValue:
    """Show a chapter."""
    chapter, chapters = guide.chapter(slug), guide.chapters()
    place = chapters.index(chapter)
    return page(
        "help/show.html",
        chapter=chapter,
        chapters=chapters,
        body=guide.body(slug),
        before=chapters[place - 1] if place else None,
        after=chapters[place + 1] if place + 1 < len(chapters) else None,
    )
