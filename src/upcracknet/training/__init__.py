"""Training (Section IV-B): Lightning modules and the one recipe that trains them. Needs the extra ``train``."""
