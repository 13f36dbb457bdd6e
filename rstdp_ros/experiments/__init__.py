"""Experiments: offline adaptation, its evaluation and reports."""
