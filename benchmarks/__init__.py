"""Speed and accuracy of this engine beside others: `python -m benchmarks --help`."""
