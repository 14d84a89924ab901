"""Step labels and what is made of them: training files for process reward models."""
