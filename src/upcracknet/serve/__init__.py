"""HTTP: the service that other programs ask, and what it shares with the review page."""
