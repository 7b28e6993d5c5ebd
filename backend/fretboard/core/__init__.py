"""What every room may know: settings, errors, documents, questions, words, images."""
