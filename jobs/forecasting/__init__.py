"""Quantiles of cumulative repayable sales. Pure: no clock, no environment, no I/O."""
