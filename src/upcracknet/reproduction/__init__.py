"""The paper's tables anew: rows that are trained, measured and set beside the published figures."""
