"""Pretend systems that speak the real protocols: for the demo, for training and for tests."""
