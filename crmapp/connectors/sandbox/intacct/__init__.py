"""The pretend Sage Intacct: its XML gateway and its REST API over one company in SQLite."""
