"""The embedded models: how their data are made, how they are trained, measured and packed. See `__main__`."""
