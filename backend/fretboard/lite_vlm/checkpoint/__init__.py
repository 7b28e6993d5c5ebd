"""Put the checkpoint together from its two packages and the adapter."""
