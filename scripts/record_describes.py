"""Make the descriptions of the pretend Salesforce from the recordings that CumulusCI ships.

::

    pip download --no-deps cumulusci==4.10.1 -d /some/folder
    python scripts/record_describes.py /some/folder/cumulusci-4.10.1-py3-none-any.whl

What a recording says of its org is taken out: the host, the version, the ids of record types.
"""

from __future__ import annotations

import json
import re
import sys
import zipfile
from pathlib import Path
from typing import Any

import yaml

OBJECTS = ("Account", "Contact", "Lead", "Opportunity", "Custom__c", "Global")
CASSETTE = "cumulusci/tests/shared_cassettes/GET_sobjects_{}_describe.yaml"
LICENCE = "cumulusci-4.10.1.dist-info/licenses/LICENSE"
TARGET = (
    Path(__file__).parents[1] / "crmapp" / "connectors" / "sandbox" / "salesforce" / "described"
)


def body_of(cassette: str) -> Any:
    return json.loads(yaml.safe_load(cassette)["response"]["body"]["string"])


def scrubbed(text: str) -> str:
    text = re.sub(r"https://[a-z0-9.-]+\.(my\.)?salesforce\.com", "https://orgname.example", text)
    text = re.sub(r"/services/data/v(\d+|xx)\.0", "/services/data/vxx.0", text)
    return re.sub(r'"012[0-9A-Za-z]{15}"', _record_type, text)


def _record_type(found: re.Match[str]) -> str:
    master = '"012000000000000AAA"'
    return master if found[0] == master else '"012Sb0000000001AAA"'


def main(wheel: str) -> None:
    TARGET.mkdir(parents=True, exist_ok=True)
    with zipfile.ZipFile(wheel) as archive:
        for name in OBJECTS:
            described = body_of(archive.read(CASSETTE.format(name)).decode())
            lines = json.dumps(described, ensure_ascii=False, separators=(",", ":"))
            (TARGET / f"{name}.json").write_text(scrubbed(lines) + "\n")
            print(f"{name}.json: {len(described.get('fields', []))} fields")
        (TARGET / "LICENSE").write_bytes(archive.read(LICENCE))


if __name__ == "__main__":
    main(sys.argv[1])
