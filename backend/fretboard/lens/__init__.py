"""Pure functions: hidden states → distributions → divergences → stages; and projections."""
