"""Seller advances: from payout and sales history to offers, one night at a time."""
