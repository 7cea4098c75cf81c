"""Factsheets: one PDF of two pages per département, for an elected official, from a published file alone."""

from acces_soins.factsheets.writing import INDEX, write, write_served

__all__ = ["INDEX", "write", "write_served"]
