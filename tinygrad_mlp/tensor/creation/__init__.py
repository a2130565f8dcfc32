"""Making tensors: from data (data.py), of one value or in steps (values.py), and at random (drawn.py).

Those over memory of others are in buffers.py, methods that make others or fill at random in methods.py, and torch's old
constructors in typed.py.
"""

from ..later import later, methods_in

# For each file torch's functions, and the methods of Tensor. It is imported when a program first asks for one of them.
LATER = {
    "buffers": ("asarray from_dlpack frombuffer", ""),
    "drawn": ("bernoulli multinomial normal rand rand_like randint randint_like randn randn_like randperm", ""),
    "sampled": ("_dirichlet_grad _sample_dirichlet _standard_gamma _standard_gamma_grad binomial poisson", ""),
    "values": (
        (
            "arange empty empty_like empty_strided eye full full_like linspace logspace ones ones_like scalar_tensor "
            "tril_indices triu_indices zeros zeros_like"
        ),
        "",
    ),
    "methods": (
        "",
        "uniform_ normal_ bernoulli_ random_ exponential_ cauchy_ log_normal_ geometric_ new_tensor "
        "new_full new_zeros new_ones new_empty new_empty_strided bernoulli multinomial",
    ),
    "typed": (
        "FloatTensor DoubleTensor HalfTensor BFloat16Tensor LongTensor IntTensor ShortTensor CharTensor ByteTensor "
        "BoolTensor set_default_tensor_type",
        "__init__ new",
    ),
}

for _file, (_, _names) in LATER.items():
    _methods = methods_in(f"{__name__}.{_file}", *_names.split())
    for _name in _methods:
        later(_name, _methods, _name)
