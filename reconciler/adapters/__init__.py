"""One module or package for each thing outside: stores, report database, files; driver types stay inside."""
