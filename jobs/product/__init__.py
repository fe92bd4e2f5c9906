"""The product's database: what is promised there, and the one way to change it."""
