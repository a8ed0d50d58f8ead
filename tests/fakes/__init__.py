"""What stands in at ports for other people's systems, checked against the port."""
