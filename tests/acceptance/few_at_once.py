"""The command line as it is, but with scans in ranges of two records, so that a scan can be stopped between them."""

from reconciler.app import checksums
from reconciler.cli.main import main

if __name__ == "__main__":
    checksums.FIRST_RANGE = checksums.SMALLEST_RANGE = checksums.LARGEST_RANGE = 2
    main()
