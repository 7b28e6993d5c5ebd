"""Fitting lenses to a model: Jacobian, tuned, latent; resumable, one example at a time."""
