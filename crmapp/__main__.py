"""``python -m crmapp``."""

from crmapp.cli import main

main()
