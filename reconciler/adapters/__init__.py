"""One module or package for each thing outside: stores, report database, files, the backend; driver types stay inside."""
