"""Benchmarks: each prints one JSON line last, and exits 0 only where every bar of it held."""
