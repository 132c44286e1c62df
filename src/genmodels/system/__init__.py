"""The machine and the process: device, randomness, memory, signals, files, other processes."""
