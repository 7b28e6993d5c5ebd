"""Causal tests: change the model at one place, teach the same answer back, see what it does.

Each test feeds prompt and emitted answer in one forward pass (teacher forcing), so that a changed
run and the plain one are about the same tokens at the same positions.
"""
