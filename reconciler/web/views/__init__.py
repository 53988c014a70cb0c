"""What each page shows, derived from stored values before any template sees it."""
