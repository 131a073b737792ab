"""The process around a command: signals, logs, the sandbox beside it."""
