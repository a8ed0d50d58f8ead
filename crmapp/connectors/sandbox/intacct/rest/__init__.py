"""The REST API (v1) of the pretend Sage Intacct."""
