"""A record as it leaves: one archive, one page that opens offline, a notebook, BibTeX.

One way for the server, the command line and notebooks: `write.export`.
"""
