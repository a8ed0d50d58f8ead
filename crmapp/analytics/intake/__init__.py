"""Tables from outside: found out, read as texts, recognised, typed."""
