"""Labels without a person, as jobs: exact truth, rollouts, the first error by halving."""
