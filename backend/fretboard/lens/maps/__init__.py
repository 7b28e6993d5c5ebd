"""Maps of hidden states: settings, fit, quality."""
