"""`python -m fretboard.cli`."""

from fretboard.cli.main import main

main()
