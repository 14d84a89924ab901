"""Queues of paths: making them, handing out their items one by one, and how far they are."""
