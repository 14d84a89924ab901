"""Sessions, problems, runs and their nodes: what people explore."""
