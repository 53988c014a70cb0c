"""The faces over HTTP: pages for people and the same as JSON, both from what is stored."""
