"""Experiments: problem sets × strategies × budgets × seeds, run by the explorer and measured by search/bench."""
