"""Repairs: one small file each, all decoding on the one path of `generation.generate`."""
