"""What ``docs/security.md`` says is so: limits, types of files, ways in."""

from __future__ import annotations

import re

from crmapp.analytics.engines.duckdb import Limits
from crmapp.analytics.intake import tables, workbook
from crmapp.blueprints.accounts import exporting
from crmapp.blueprints.api.door import RATE
from crmapp.blueprints.calendar.views import READING_LIMIT
from crmapp.connectors import hooks
from crmapp.domain import attachments, conditions, guessing
from crmapp.services import api_tokens, passwords, provider_sign_in, sign_ins
from crmapp.web import auth, extensions, passkeys
from crmapp.web.access import is_public
from scripts import asvs_table
from tests.security.test_code import told

DOCUMENT = asvs_table.DOCUMENT.read_text()
MB = 1024 * 1024


def limits(app):
    settings = app.extensions["crmapp"]
    config = app.config
    return {
        "Attempts to sign in, per network address": extensions.SIGN_IN_LIMIT,
        "Passwords asked for again, wrong tokens, wrong calendars, per network address": (
            extensions.GUESS_LIMIT
        ),
        "Letters to set a password, per network address": auth.RESET_LIMIT,
        "Wrong passwords or codes of a person in a row before she waits": guessing.FREE,
        "The longest that she waits": f"{guessing.LONGEST.seconds // 60} minutes",
        "Requests of a token": RATE,
        "Readings of a calendar": READING_LIMIT,
        "Days after which a sign-in that nobody uses ends": sign_ins.LASTS.days,
        "Days after which any sign-in ends": sign_ins.LONGEST.days,
        "Sign-ins of a person at a time; then the one unused for longest ends": sign_ins.MOST,
        "Days that a device stays signed in by *Stay signed in*": (
            config["REMEMBER_COOKIE_DURATION"].days
        ),
        "Hours that a link to set a password is good": (
            config["SECURITY_RESET_PASSWORD_WITHIN"].seconds // 3600
        ),
        "Minutes to come back from an identity provider": provider_sign_in.LONGEST.seconds // 60,
        "Good tokens of a person": api_tokens.MOST,
        "Passkeys of a person": passkeys.MOST,
        "The largest request, in MB (`CRMAPP_MAX_UPLOAD`)": settings.max_upload // MB,
        "The largest attached file, in MB (`CRMAPP_ATTACHMENT_BYTES`)": (
            settings.attachment_bytes // MB
        ),
        "Files attached at a time": attachments.MOST_AT_ONCE,
        "The largest table for a database, in MB (`CRMAPP_MAX_TABLE`)": settings.max_table // MB,
        "What a workbook may unpack to, in MB": workbook.LARGEST // MB,
        "Columns and rows of a table": f"{tables.MOST_COLUMNS}; {tables.MOST_ROWS:,}",
        "Seconds for a question of the grid": f"{Limits().seconds:g}",
        "Rows of a grid that are sent at once as a file; more are a run": f"{exporting.MOST:,}",
        "Conditions of a filter": conditions.MOST_CONDITIONS * conditions.MOST_GROUPS,
        "Seconds for a message of a webhook and its answer": f"{hooks.LIMIT:g}",
    }


def test_every_limit_is_told_as_it_is(app):
    part = DOCUMENT.partition("## Limits\n")[2].partition("\n## ")[0]
    rows = dict(re.findall(r"^\| (.+) \| (.+) \|$", part, re.MULTILINE))
    rows.pop("what")
    rows.pop("---", None)

    assert rows == {what: str(much) for what, much in limits(app).items()}


def test_the_length_of_passwords_is_told():
    assert f"{passwords.SHORTEST} to {passwords.LONGEST} signs of any kind" in DOCUMENT


def test_every_type_of_file_is_told():
    part = DOCUMENT.partition("## Files\n")[2].partition("\n## ")[0]
    listed = re.search(r"Attached: (.+?)\. The ending", part)[1]

    assert listed.split(", ") == sorted(attachments.TYPES)


def test_every_way_in_is_told(app):
    open_rules = [rule.rule for rule in app.url_map.iter_rules() if is_public(rule.endpoint)]
    ways = told("Ways in") | {"/tf-setup", "/tf-validate", "/mf-recovery"}

    assert len(open_rules) > 15
    assert [rule for rule in open_rules if not rule.startswith(tuple(ways))] == []
    assert [way for way in ways if not any(rule.startswith(way) for rule in open_rules)] == []
    assert all(way in DOCUMENT for way in ways)
