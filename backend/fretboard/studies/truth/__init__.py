"""What is known of a picture, and which words of an answer it contradicts."""
