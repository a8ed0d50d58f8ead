"""Places where other systems leave files."""
