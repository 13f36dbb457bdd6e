"""Experiments: adaptation offline, what it is worth, and how to show it."""
