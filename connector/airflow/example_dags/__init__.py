"""Examples of DAGs, each a file to copy: they run in the tests as they stand."""
