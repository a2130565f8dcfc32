"""The import hook that gives this package's modules under the name torch."""

from __future__ import annotations

import importlib
import importlib.util
import os
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from importlib.abc import Loader, MetaPathFinder
from importlib.machinery import ModuleSpec, PathFinder
from pathlib import Path
from types import ModuleType
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from importlib.metadata import Distribution, DistributionFinder

__all__ = ["install_as_torch", "is_of_package", "is_torch", "renamed", "torch_alias", "within"]

# RuntimeError for `install_as_torch` in a process that already uses torch itself.
TORCH_IS_IMPORTED = (
    "torch itself has already been imported, and what holds its functions would go on with them: call "
    "install_as_torch() before anything imports torch"
)

_PACKAGE = "tinygrad_mlp"
# A folder whose module `torch` calls `install_as_torch`, for the processes that this one starts.
_FOR_CHILDREN = str(Path(__file__).parent / "children")


def install_as_torch() -> None:
    """Make `torch` another name of this package, for the rest of the process.

    Libraries that are made for torch and imported afterwards then run on this package, in a program or a notebook, as
    they do in a script under `tinygrad-mlp run`. In processes that this one starts, such as the workers of a pool,
    `torch` is this package, too. A second call does nothing.

    Raises RuntimeError if torch itself has already been imported.
    """
    if is_torch():
        return
    if "torch" in sys.modules:
        raise RuntimeError(TORCH_IS_IMPORTED)
    _TorchFinder(_PACKAGE).install()


def is_of_package(cls: type) -> bool:
    """Whether a class is one of this package, whose classes say that they are torch's while `torch` is its name."""
    return within(cls.__module__, _PACKAGE) or (within(cls.__module__, "torch") and is_torch())


def is_torch() -> bool:
    """Whether `torch` is another name of this package now."""
    return any(isinstance(finder, _TorchFinder) for finder in sys.meta_path)


@contextmanager
def torch_alias(package: str = _PACKAGE) -> Iterator[None]:
    """Make `torch` and every `torch.*` another name of `package` and its modules within the context.

    The modules are the same objects under both names and are imported once. If torch itself was imported before, its
    modules are removed from `sys.modules` and put back at the end; nobody can import it meanwhile. The context is not
    thread-safe, because all threads share `sys.modules`. Raises ImportError if `package` cannot be imported.
    """
    importlib.import_module(package)  # if it failed later, `import torch` would find torch itself
    finder = _TorchFinder(package)
    set_aside = {name: module for name, module in sys.modules.items() if _is_of_torch(name)}
    for name in set_aside:
        del sys.modules[name]
    finders, python_path = sys.meta_path, os.environ.get("PYTHONPATH")
    finder.install()
    try:
        yield
    finally:
        finder.restore_names()
        sys.meta_path = finders  # a script may have put its own list there
        with suppress(ValueError):
            finders.remove(finder)
        with suppress(ValueError):
            sys.path.remove(_FOR_CHILDREN)
        if python_path is None:
            os.environ.pop("PYTHONPATH", None)
        else:
            os.environ["PYTHONPATH"] = python_path
        for name in [name for name in sys.modules if _is_of_torch(name)]:
            del sys.modules[name]
        sys.modules.update(set_aside)


class _TorchFinder(MetaPathFinder, Loader):
    """The import hook (PEP 451), which finds `torch.x` if there is `package.x` and returns that module."""

    def __init__(self, package: str) -> None:
        self.package = package
        self._named: dict[type, str] = {}

    def install(self) -> None:
        """Be the first that is asked for a module, here and, for this package, in the processes that are started."""
        sys.meta_path.insert(0, self)
        self.name_classes()
        sys.modules[self.package].__class__ = _NamedTorch
        if self.package == _PACKAGE:
            # multiprocessing hands `sys.path` to the processes that it starts, others take the environment.
            sys.path.insert(0, _FOR_CHILDREN)
            inherited = os.environ.get("PYTHONPATH")
            os.environ["PYTHONPATH"] = _FOR_CHILDREN + (os.pathsep + inherited if inherited else "")

    def find_spec(
        self, fullname: str, path: Sequence[str] | None = None, target: ModuleType | None = None
    ) -> ModuleSpec | None:
        if within(fullname, self.package):
            return self._spec_of_own(fullname, path)
        if not _is_of_torch(fullname):
            return None
        real = self._real(fullname)
        if real not in sys.modules and importlib.util.find_spec(real) is None:
            return None  # the other finders look in the folder of the package and do not find it either
        return ModuleSpec(fullname, self)

    def create_module(self, spec: ModuleSpec) -> ModuleType:
        module = importlib.import_module(self._real(spec.name))
        spec.loader_state = module.__spec__
        return module

    def _real(self, name: str) -> str:
        """The module of the package that stands for one of torch: `functorch` is what `torch.func` was called."""
        return f"{self.package}.func" if name == "functorch" else renamed(name, "torch", self.package)

    def exec_module(self, module: ModuleType) -> None:
        # The import system has just replaced the spec of the module by that of the alias.
        assert module.__spec__ is not None
        module.__spec__ = module.__spec__.loader_state
        # As with torch, `import torch` alone puts torch.nn, torch.optim and others into sys.modules.
        for name, loaded in list(sys.modules.items()):
            if name.startswith(self.package + "."):
                sys.modules.setdefault(renamed(name, self.package, "torch"), loaded)

    def find_distributions(self, context: DistributionFinder.Context | None = None) -> Iterator[Distribution]:
        """What `importlib.metadata.version("torch")` reads, by which libraries ask for the version."""
        if context is not None and context.name == "torch":
            from .metadata import TorchDistribution  # with importlib.metadata, which takes long to import

            yield TorchDistribution()

    # -- what the classes of the package say of themselves -------------------------------------------

    def _spec_of_own(self, fullname: str, path: Sequence[str] | None) -> ModuleSpec | None:
        """The spec of a module of the package that is imported later, such that its classes are named, too."""
        spec = PathFinder.find_spec(fullname, path)
        if spec is not None and spec.loader is not None:
            spec.loader = _Naming(spec.loader, self)
        return spec

    def name_classes(self) -> None:
        """Have the classes of the package say that they are torch's: `type(x)` is then shown as `torch.Tensor`."""
        for name, module in list(sys.modules.items()):
            if within(name, self.package):
                self.name_classes_of(module)

    def name_classes_of(self, module: ModuleType) -> None:
        """The same for those in one module."""
        for each in list(vars(module).values()):
            if isinstance(each, type) and within(each.__module__, self.package) and each not in self._named:
                self._named[each] = each.__module__
                each.__module__ = renamed(each.__module__, self.package, "torch")

    def restore_names(self) -> None:
        """Give the classes their own modules back, and the package its name."""
        sys.modules[self.package].__class__ = ModuleType
        for each, module in self._named.items():
            each.__module__ = module


class _NamedTorch(ModuleType):
    """The class of the package while it is torch, for libraries that ask the module for its name.

    Its own code still finds the package's name among its globals, by which its frames are told from the user's.
    """

    @property
    def __name__(self) -> str:  # type: ignore[override]
        return "torch"


class _Naming(Loader):
    """A loader of a module of the package, which names its classes when they have been made."""

    def __init__(self, inner: Loader, finder: _TorchFinder) -> None:
        self.inner = inner
        self.finder = finder

    def create_module(self, spec: ModuleSpec) -> ModuleType | None:
        return self.inner.create_module(spec)

    def exec_module(self, module: ModuleType) -> None:
        assert module.__spec__ is not None
        module.__spec__.loader = module.__loader__ = self.inner  # by which its source is found
        self.inner.exec_module(module)
        self.finder.name_classes_of(module)


def within(name: str, package: str) -> bool:
    return name == package or name.startswith(package + ".")


def _is_of_torch(name: str) -> bool:
    return within(name, "torch") or within(name, "functorch")  # which torch's package installs beside it


def renamed(name: str, old: str, new: str) -> str:
    return new + name[len(old) :]
