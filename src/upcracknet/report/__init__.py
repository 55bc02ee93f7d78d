"""From a survey to a report that people read: one HTML file, or PDF."""
