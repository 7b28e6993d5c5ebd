"""One analysis as it is read: its arrays, stages, figures; image sets and presets. No torch."""
