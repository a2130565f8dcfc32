"""What several tests share: comparisons with torch, programs and networks to compare, processes to run them in."""

from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]  # of the repository
