"""Measurements: figures with their commands, never asserted in a test."""
