"""From crack masks to measured, classified and graded cracks."""
