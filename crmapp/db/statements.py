"""Statements that are made once: to make one often takes longer than to carry it out."""

from __future__ import annotations

from typing import Any

from sqlalchemy import CompoundSelect, Select

from crmapp.memory import Memory

Query = Select[*tuple[Any, ...]]
Statement = Query | CompoundSelect[*tuple[Any, ...]]


class Statements(Memory[Statement]):
    """Keeps the statements that were asked for last, each under all that decides it."""
