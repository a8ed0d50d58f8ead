"""A crmapp under strain for longer than a test may take: see CONTRIBUTING.md."""
