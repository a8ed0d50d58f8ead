"""Any SQL database whose tables, views or query can be read."""
