"""Thin routes; each file names its feature."""
