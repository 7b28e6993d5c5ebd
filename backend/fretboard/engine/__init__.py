"""All that runs a model: analyses, derived arrays, causal tests, and the session over them."""
