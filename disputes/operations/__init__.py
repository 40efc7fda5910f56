"""Writes cases: opening, moves, messages, clocks, settings."""
