"""Tryton: sign-in, and reading of parties with their addresses; other models as they are."""
