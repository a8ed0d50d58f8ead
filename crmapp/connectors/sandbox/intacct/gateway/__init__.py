"""The XML gateway of the pretend Sage Intacct."""
