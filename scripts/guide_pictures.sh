#!/bin/sh
# Take the pictures of the user guide anew, in both languages, from the screens as they are now.
set -eu
cd "$(dirname "$0")/.."
CRMAPP_KEEP_PICTURES=1 "${VENV:-.venv}/bin/pytest" -q -m browser tests/browser/test_guide.py -k anew
ls -l crmapp/static/guide/*
