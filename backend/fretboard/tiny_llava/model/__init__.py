"""Architecture and processing of the bundled model."""
