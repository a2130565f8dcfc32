"""Writing into tensors that are on the tape, and views, which share the memory that is written to.

Others import `inplace.views`; the names in it without an underscore are for them.
"""
