"""Reading one path at a time: what the labelling page shows, and what became of it."""
