"""The engine: searches with language models as replayable programs. Runs without the web application."""
