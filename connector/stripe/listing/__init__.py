"""Lists: one window walked strictly, several at once, many accounts, and the block around them."""
