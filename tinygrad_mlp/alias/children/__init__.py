"""A folder for `sys.path` of the processes that a program starts: its module `torch` is found before torch itself."""
