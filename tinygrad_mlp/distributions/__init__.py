from .normal import Normal as Normal
