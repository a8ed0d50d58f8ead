"""The fields that the rows of a run may fill: those of its kind of record, and what finds it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from crmapp.domain.fields import Field
from crmapp.domain.record_keys import with_keys
from crmapp.services import fields
from crmapp.services.file_sources import KIND

_PLURALS = {"account": "accounts", "contact": "contacts", "activity": "activities"}


def lock_key(object_: str, system: str, thing: str) -> str:
    """Return what runs from one source about one kind of record have in common."""
    return f"{_PLURALS[object_]}:{system}:{thing}"


def object_of_key(key: str) -> str:
    """Return the kind of record that a :func:`lock_key` is about."""
    plural = key.partition(":")[0]
    return next((name for name, each in _PLURALS.items() if each == plural), "account")


def object_of(source: Mapping[str, Any]) -> str:
    """Return the kind of record that the rows of a source are."""
    return str(source.get("object") or "account")


def of(source: Mapping[str, Any]) -> Mapping[str, Field]:
    """Return the fields that people may map the columns of a source to.

    Only a file names records by their ids: it may be one of our own.
    """
    object_ = object_of(source)
    is_file = KIND in (source.get("kind"), source.get("of"))
    return with_keys(object_, fields.of(object_)) if is_file else fields.of(object_)


def every(object_: str) -> Mapping[str, Field]:
    """Return all that rows of this kind of record ever filled."""
    return with_keys(object_, fields.every(object_))
