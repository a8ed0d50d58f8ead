"""Other people's systems behind one port; each takes values and returns values."""
