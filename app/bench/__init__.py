"""`make bench`: the figures this project promises, measured and written down."""
