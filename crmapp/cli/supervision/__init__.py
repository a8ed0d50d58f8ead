"""Everything ``crmapp up`` keeps alive, and how."""
