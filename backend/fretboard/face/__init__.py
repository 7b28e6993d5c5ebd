"""The way in from a notebook or a program: what `import fretboard` offers.

Thin: a question goes to `engine.session.Session` or over HTTP to a server, and what comes back is
shown as one kind of object, whichever it was.
"""
