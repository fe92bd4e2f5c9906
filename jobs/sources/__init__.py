"""Where history comes from: one contract and the sources that fill it."""
