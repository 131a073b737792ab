"""Programs as they are started from a terminal: nohup, and jobs in the background, ignore some signals."""

from __future__ import annotations

AT_A_TERMINAL = """
import signal

signal.signal(signal.SIGINT, signal.default_int_handler)
for number in (signal.SIGTERM, signal.SIGHUP):
    signal.signal(number, signal.SIG_DFL)
"""
"""What such a program begins with."""

COMMAND = f"{AT_A_TERMINAL}\nimport sys\nfrom connector.cli import main\nsys.exit(main())"
"""The command line, begun so."""
