"""The language models an admin has configured: policies and reward models."""
