"""Fretboard: how a vision-language model's answer takes shape, layer by layer."""

__version__ = "0.1.0"
