"""The names of the forecasts, apart from their code, which takes long to import."""

#: Five stacked views, see model.py.
BLEND = "blend-1"
#: Past ratios to the run rate by cell, see empirical.py.
EMPIRICAL = "empirical-1"
#: What a policy may name as its forecast, the newest first.
MODEL_VERSIONS: tuple[str, ...] = (BLEND, EMPIRICAL)
