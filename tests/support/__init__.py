"""Support for tests: the slow twin, makers of lines and archives, runs of the program."""
