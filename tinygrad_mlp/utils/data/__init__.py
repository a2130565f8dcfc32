"""Data sets, and loaders that draw batches from them in torch's order (torch.utils.data)."""

from .collate import default_collate as default_collate, default_convert as default_convert
from .dataset import (
    ConcatDataset as ConcatDataset,
    Dataset as Dataset,
    Subset as Subset,
    TensorDataset as TensorDataset,
    random_split as random_split,
)
from .loader import DataLoader as DataLoader
from .sampler import (
    BatchSampler as BatchSampler,
    RandomSampler as RandomSampler,
    Sampler as Sampler,
    SequentialSampler as SequentialSampler,
    SubsetRandomSampler as SubsetRandomSampler,
    WeightedRandomSampler as WeightedRandomSampler,
)
