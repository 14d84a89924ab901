"""How far people agree about steps, where they do not, and who settles it."""
