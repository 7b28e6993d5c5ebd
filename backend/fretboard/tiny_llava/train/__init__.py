"""Training and evaluation of the bundled model; not needed to run it."""
