"""What a settings form asks for, whatever the connector."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class SettingField:
    """One field of a connection's settings, named like the attribute of the settings value.

    ``only_for`` are the values of the settings' ``flow`` with which the field is asked for; empty
    means always. ``required`` holds where it is asked for. ``choices`` are (value, label).
    """

    name: str
    label: str
    help: str = ""
    secret: bool = False
    required: bool = True
    long: bool = False
    choices: tuple[tuple[str, str], ...] = ()
    only_for: tuple[str, ...] = ()
