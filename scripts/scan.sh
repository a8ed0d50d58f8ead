#!/usr/bin/env bash
# Has wapiti ask a demo of its own as a visitor, a rep, a manager and an administrator: scripts/scan.sh [--seconds 75] [--who rep]
set -eu
cd "$(dirname "$0")/.."
PYTHONPATH="$PWD" exec .venv/bin/python -m tests.security.scan "$@"
