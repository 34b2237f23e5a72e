"""Environments made of recorded demonstrations."""
