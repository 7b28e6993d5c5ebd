"""Training of the adapter: data, curriculum, evaluation."""
