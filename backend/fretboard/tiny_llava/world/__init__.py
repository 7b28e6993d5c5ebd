"""The drawn world: scenes, pictures, dialogue, truth."""
