"""Step labels without a person: exact truth, shares of rollouts, and a binary search for the first error."""
