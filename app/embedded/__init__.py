"""PostgreSQL, Redis, web and worker as supervised children of one command: `python -m app.embedded.run`."""
