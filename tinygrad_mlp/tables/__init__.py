"""Tables: reading them, finding what their columns are, training a network on them, and predicting with it.

What belongs here works on pandas DataFrames (and on arrays, for .npz files) and knows no command line; pandas is
imported when a table is read.
"""

from .errors import DataError as DataError
from .estimators import TableClassifier as TableClassifier
from .estimators import TableRegressor as TableRegressor
from .model import Model as Model
from .reading import Format as Format
from .reading import read_table as read_table
