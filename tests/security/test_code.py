"""V11, V12, V15: what the code may use, found in its syntax; ``docs/security.md`` lists it."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from pathlib import Path

from crmapp.config import ROOT
from tests.house.test_budgets import MODULES

DOCUMENT = ROOT / "docs" / "security.md"
PRETENDED = "connectors/sandbox"
"""Pretend systems do as the real ones do; nobody's data is there."""
OURS = [path for path in MODULES if PRETENDED not in path.as_posix()]


def told(heading: str) -> set[str]:
    """Return what stands in ``code`` in the first column of the table below a heading."""
    part = DOCUMENT.read_text().partition(f"## {heading}\n")[2].partition("\n## ")[0]
    rows = [line for line in part.splitlines() if line.startswith("| `")]
    return {name for row in rows for name in re.findall(r"`([^`]+)`", row.split("|")[1])}


def calls(path: Path) -> Iterator[tuple[str, ast.Call]]:
    """Yield the dotted name of whatever a module calls."""
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Call):
            yield ast.unparse(node.func), node


def imported(path: Path) -> set[str]:
    found: set[str] = set()
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module:
            found |= {node.module, *(f"{node.module}.{alias.name}" for alias in node.names)}
    return found


def where(known: str, paths: list[Path] | None = None) -> set[str]:
    """Return the modules that import one of these libraries."""
    libraries = re.compile(rf"(?:{known})(?:\.|$)")
    return {
        path.relative_to(ROOT).as_posix()
        for path in (OURS if paths is None else paths)
        if any(libraries.match(name) for name in imported(path))
    }


def test_every_use_of_cryptography_stands_in_the_inventory():
    used = where(r"hashlib|hmac|cryptography|argon2|jwt|passlib|webauthn|itsdangerous|ssl|_hashlib")
    listed = told("Cryptography")

    assert len(used) > 20
    assert used - listed == set()
    assert {name for name in listed if name.endswith(".py")} - used == set()


def test_only_approved_digests_are_made():
    approved = {"sha256", "scrypt", "blake2b", "file_digest"}
    made = {
        name.rpartition(".")[2]: path.relative_to(ROOT).as_posix()
        for path in OURS
        for name, _ in calls(path)
        if re.fullmatch(r"hashlib\.\w+", name)
    }

    assert {*made} <= approved
    assert made["blake2b"] == "crmapp/domain/field_values.py"  # tells values apart, guards nothing


def test_what_nobody_may_guess_is_drawn_by_the_system():
    assert where("random", MODULES) - DICE == set()


DICE = {"crmapp/services/demo.py", "crmapp/connectors/sandbox/faults.py"}
"""The demo and pretend faults are the same every time."""


def test_secret_words_have_128_bits_and_more():
    short = [
        f"{path.relative_to(ROOT)}:{call.lineno}"
        for path in OURS
        for name, call in calls(path)
        if name in ("secrets.token_urlsafe", "secrets.token_bytes")
        and call.args
        and isinstance(call.args[0], ast.Constant)
        and int(str(call.args[0].value)) < 16
    ]

    assert [place for place in short if not place.startswith("crmapp/cli/users.py")] == []


def test_signed_tokens_name_their_algorithms():
    decoded = [(path, call) for path in OURS for name, call in calls(path) if name == "jwt.decode"]

    assert decoded
    for path, call in decoded:
        given = {word.arg for word in call.keywords}
        assert {"algorithms", "audience", "issuer"} <= given, path
        assert "verify_signature" not in ast.unparse(call), path


def test_certificates_are_looked_at_everywhere_but_where_a_person_says_otherwise():
    loose = re.compile(r"CERT_NONE|check_hostname = False|verify=False|_create_unverified")

    found = {path.relative_to(ROOT).as_posix() for path in OURS if loose.search(path.read_text())}

    assert found == {"crmapp/connectors/sql/tls.py"}


def test_every_way_out_to_a_network_stands_in_the_document():
    used = where("httpx|httpcore|smtplib|imaplib|boto3|urllib.request|http.client|ftplib|telnetlib")
    listed = told("The network")

    assert used - listed == set()
    assert {name for name in listed if name.endswith(".py")} - used == set()


def test_no_answer_of_others_leads_us_elsewhere():
    follow = [path.name for path in OURS if "follow_redirects=True" in path.read_text()]

    assert follow == []


def test_no_text_is_carried_out():
    banned = {"eval", "exec", "compile", "os.system", "os.popen", "pickle.loads", "pickle.load",
              "marshal.loads", "yaml.load", "yaml.unsafe_load", "shelve.open"}  # fmt: skip
    found = [
        f"{path.relative_to(ROOT)}:{call.lineno} {name}"
        for path in MODULES
        for name, call in calls(path)
        if name in banned or any(word.arg == "shell" for word in call.keywords)
    ]

    assert found == []


def test_no_template_is_made_of_what_somebody_sent():
    found = [
        path.name
        for path in MODULES
        for name, _ in calls(path)
        if name.rpartition(".")[2] in ("render_template_string", "from_string")
    ]

    assert found == []


def test_cookies_are_sent_by_one_hand():
    sending = {
        path.relative_to(ROOT).as_posix()
        for path in OURS
        for name, _ in calls(path)
        if name.endswith(".set_cookie")
    }

    assert sending == {"crmapp/web/security.py"}


def test_nothing_is_exempt_from_the_token_against_forgery_but_what_has_a_token_of_its_own():
    exempt = {
        path.relative_to(ROOT).as_posix()
        for path in OURS
        for name, _ in calls(path)
        if name == "csrf.exempt"
    }

    assert exempt <= {"crmapp/blueprints/api/__init__.py"}


def test_every_package_is_pinned_by_its_digest():
    for name in (
        "requirements.lock",
        "requirements-test.lock",
        "tests/security/requirements.lock",
        "tests/security/wapiti.lock",
    ):
        text = (ROOT / name).read_text().replace("\\\n", " ")
        lines = [line for line in text.splitlines() if line and not line.lstrip().startswith("#")]
        assert len(lines) > 20
        assert [line for line in lines if "==" not in line or "--hash=sha256:" not in line] == []


def test_no_key_is_written_into_the_code():
    keys = re.compile(r"-----BEGIN [A-Z ]*PRIVATE KEY|AKIA[0-9A-Z]{16}|\bcrm_[\w-]{43}\b|xox[bp]-")
    found = [path.name for path in MODULES if keys.search(path.read_text())]

    assert found == []
