"""When an answer that shows nothing more is believed, and what is compared with a second one."""
