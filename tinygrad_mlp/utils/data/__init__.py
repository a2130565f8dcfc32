"""Data sets, and loaders that draw batches from them in torch's order (torch.utils.data)."""

from .collate import default_collate as default_collate
from .collate import default_convert as default_convert
from .dataset import (
    ChainDataset as ChainDataset,
)
from .dataset import (
    ConcatDataset as ConcatDataset,
)
from .dataset import (
    Dataset as Dataset,
)
from .dataset import (
    IterableDataset as IterableDataset,
)
from .dataset import (
    StackDataset as StackDataset,
)
from .dataset import (
    Subset as Subset,
)
from .dataset import (
    TensorDataset as TensorDataset,
)
from .dataset import (
    random_split as random_split,
)
from .loader import DataLoader as DataLoader
from .loader import get_worker_info as get_worker_info
from .sampler import (
    BatchSampler as BatchSampler,
)
from .sampler import (
    RandomSampler as RandomSampler,
)
from .sampler import (
    Sampler as Sampler,
)
from .sampler import (
    SequentialSampler as SequentialSampler,
)
from .sampler import (
    SubsetRandomSampler as SubsetRandomSampler,
)
from .sampler import (
    WeightedRandomSampler as WeightedRandomSampler,
)
