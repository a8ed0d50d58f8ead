#!/bin/sh
# Bring the French catalogue up to date with the texts in the code; then fill in what is empty.
# The English texts are the keys. tests/house/test_translations.py fails while one is untranslated.
set -eu
cd "$(dirname "$0")/.."
bin=${VENV:-.venv}/bin
pot=$(mktemp)
trap 'rm -f "$pot"' EXIT
"$bin/pybabel" -q extract -F babel.cfg -k N_ -k Text -k _l -k lazy_gettext --no-location \
    --sort-output --project=crmapp --version="" -o "$pot" .
for po in crmapp/translations/*/LC_MESSAGES/messages.po; do
    language=$(basename "$(dirname "$(dirname "$po")")")
    "$bin/pybabel" -q update -i "$pot" -o "$po" -l "$language" --no-fuzzy-matching --ignore-obsolete \
        --ignore-pot-creation-date --no-wrap
    echo "$po: $(grep -c '^msgid' "$po") texts, $("$bin/python" scripts/compile_translations.py --missing "$po") to translate"
done
