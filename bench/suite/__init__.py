"""The benchmark suite; bench/run starts it."""
