"""`fretboard reproduce`: the paper's reference curves (METHOD.md) for the served model."""
