"""Doors with a face: pages that show a running model. No science behind them."""
