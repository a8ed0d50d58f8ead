"""The command that looks at files before they are attached, where the operator names one."""

from __future__ import annotations

import logging
import os
import subprocess
from pathlib import Path

from crmapp.config import settings
from crmapp.domain.attachments import BadFile
from crmapp.i18n import N_, Text

PATIENCE = 60.0  # seconds that the command may take
_REASON = 200
_REFUSED = N_("The virus scanner refused it: %(reason)s")
_PLAIN = N_("The virus scanner refused it.")
_AWAY = N_(
    "The virus scanner of this installation does not answer, so no file can be attached. Tell"
    " whoever runs it, and try again."
)
log = logging.getLogger(__name__)


def scan(path: Path) -> None:
    """Let the command look at the file; do nothing where there is none.

    Raises:
        BadFile: it refuses the file, or it does not work.
    """
    command = settings().attachment_scan
    if not command:
        return
    try:
        # Nothing that it does not need: our environment holds secrets.
        done = subprocess.run(  # noqa: S603  # the operator's own command, without a shell
            [*command, str(path)],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            env={name: os.environ[name] for name in ("PATH", "HOME", "LANG") if name in os.environ},
            timeout=PATIENCE,
            check=False,
        )
    except (OSError, subprocess.TimeoutExpired) as error:
        log.warning("the scan of attachments does not work: %s", error)
        raise BadFile(Text(_AWAY)) from error
    if done.returncode == 1:
        reason = _first_line(done.stdout)
        raise BadFile(Text(_REFUSED, {"reason": reason}) if reason else Text(_PLAIN))
    if done.returncode:
        log.warning("the scan of attachments ended with %s", done.returncode)
        raise BadFile(Text(_AWAY))


def _first_line(output: bytes) -> str:
    lines = output[:4096].decode("utf-8", "replace").strip().splitlines() or [""]
    return "".join(each for each in lines[0] if each.isprintable())[:_REASON]
