"""From crack masks to what an inspection reports: lines, widths, classes, severities, quantities."""
