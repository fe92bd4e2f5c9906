"""Pages: what a night was, as one HTML page. Facts in, text out."""
