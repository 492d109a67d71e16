"""Its place puts the package on the path of tests that are started from anywhere."""
