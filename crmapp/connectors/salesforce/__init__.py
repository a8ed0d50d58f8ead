"""Salesforce: sign-in, description, reading by cursor and writing by external id."""
