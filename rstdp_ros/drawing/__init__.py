"""Figures, films, tables and pages."""
