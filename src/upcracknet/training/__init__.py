"""Training (Section IV-B): Lightning modules and the one recipe for them. Needs the extra ``train``."""
