"""Sync: what a plugin brings becomes rows, changes and a cursor, in one transaction a page."""
