"""Sage Intacct: one interface over its REST API and its XML gateway."""
