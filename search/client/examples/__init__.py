"""Loops of one's own that stream their tree: `python -m search.client.examples.breadth_first URL TOKEN`."""
