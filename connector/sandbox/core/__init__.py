"""The world that the sandbox serves: accounts, their rows, and the objects behind them."""
