"""Load a checkpoint, locate its parts, build inputs, generate with capture, intervene."""
