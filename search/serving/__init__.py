"""A policy of this process as an OpenAI-compatible model server: `python -m search serve`."""
