"""Runs and gates for machines and people: JUnit, Markdown, GitHub annotations, CSV; pure, and masked as stored."""
