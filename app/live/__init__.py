"""The websocket: what happens in a run, while it happens."""
