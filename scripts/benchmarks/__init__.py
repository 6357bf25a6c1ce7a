"""Benchmarks by topic: each module has CASES = {name: (function, aim in seconds, peer's seconds)}."""
