"""The journal in PostgreSQL: how events and nodes are packed, written in one transaction, and read back."""
