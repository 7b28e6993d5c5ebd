"""Who may ask, how often, and how a browser signs in."""
