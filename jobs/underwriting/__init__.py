"""The pure core of underwriting: who may be offered what, at which price, and why."""
