"""Preferences between siblings: which of two ways to go on is better, or that neither is."""
