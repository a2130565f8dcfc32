"""Two programs, held against each other by the names of their variables."""
