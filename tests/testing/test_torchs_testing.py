"""torch.testing.assert_close and make_tensor: the same outcome, the same texts and the same numbers as torch's."""

from __future__ import annotations

import math

import numpy as np
import pytest

from support.two_worlds import assert_alike

CLOSE = """
1, 1; 1, 1.0; 1, 1.0, check_dtype=False; 1.0, 1.0 + 1e-8; 1.0, 1.1; 0.0, 1.0; 1.0, 0.0; nan, nan
nan, nan, equal_nan=True; inf, inf; inf, 1.0; 1, 2; 2, 1, rtol=0, atol=0; 1.0, 1.1, rtol=0.1, atol=0.2; 1, 1, rtol=1
[1], [1], atol=1; True, True; True, False; np.bool_(True), True; np.float32(1), 1.0; np.float32(1), 2.0
np.int8(1), np.int16(2); 1j, 1j; 1j, 2j; None, None; None, 1; 1, None; "a", "a"; "a", 1; object, object; {1}, {1}
t([1.0, 2.0]), t([1.0, 2.0]); t([1.0, 2.0]), t([1.0, 2.1]); t([1.0, 0.0]), t([1.0, 2.1]); t([1.0, 2.0]), t([0.0, 0.0])
t([1.0, 2.0]), t([1.0]); t([1.0]), t([1.0], dtype=torch.float64)
t([1.0]), t([1], dtype=torch.int64), check_dtype=False; t([1.0]), t([2], dtype=torch.int64), check_dtype=False
t([1.0]), t([1.0 + 1e-6], dtype=torch.float64), check_dtype=False; t([[1, 2], [3, 4]]), t([[1, 2], [3, 5]])
t([[1, 2], [3, 4]]), t([[4, 3], [2, 1]]); t(1.0), t(2.0); t(1.0), t(1.0); t(3), t(0)
t([True, False]), t([True, True]); t([1.0, nan]), t([1.0, nan]); t([1.0, nan]), t([1.0, nan]), equal_nan=True
t([1.0, inf]), t([1.0, inf]); t([1.0, inf]), t([1.0, -inf]); t([1.0, 2.0]), [1.0, 2.0]; [1.0, 2.0], [1.0, 2.0]
[1.0, 2.0], (1.0, 3.0); [t([1.0]), t([2.0])], [t([1.0]), t([3.0])]; [[t([1.0])]], [[t([2.0])]]; [1.0], [1.0, 2.0]
{"a": 1.0}, {"a": 1.0}; {"a": 1.0}, {"b": 1.0}; {"a": [1.0, {"c": 3.0}]}, {"a": [1.0, {"c": 4.0}]}
{"b": 1.0, "a": 2.0}, {"a": 3.0, "b": 4.0}; [{"a": 1}], [{"b": 1}]; t([1.0]), t([2.0]), msg="another text"
t([1.0]), t([2.0]), msg=lambda text: f"before {text} after"; [1.0], [2.0], msg=lambda text: text[::-1]
t([[1.0, 2.0]]), t([[1.0, 2.0]]).t().contiguous().t(), check_stride=True
t([[1.0, 2.0]]), t([[1.0, 2.0]]).t().contiguous().t(); torch.ones(2, 3), torch.ones(3, 2).t(), check_stride=True
torch.ones(2, 3), torch.ones(3, 2).t(); torch.nn.Parameter(t([1.0])), t([1.0])
torch.nn.Parameter(t([1.0])), t([1.0]), allow_subclasses=False; np.array([1.0]), np.array([1.0])
np.array([1.0]), np.array([2.0]); np.array([1.0]), t([1.0]); np.array(["a"]), np.array(["a"])
t([1.0], dtype=torch.float16), t([1.01], dtype=torch.float16); t([1.0]), t([1.1]), rtol=0, atol=0; t([]), t([])
t([]), torch.ones(0, 2); t([1, 2, 3], dtype=torch.uint8), t([3, 2, 1], dtype=torch.uint8); [], []; {}, {}; [], {}
t([1.0]), 1.0; 1.0, t([1.0]); t(1.0), 1.0; torch.arange(24.0).view(2, 3, 4), torch.arange(24.0).view(2, 3, 4) * 1.01
1e300, -1e300; 10**400, 10**400; range(3), range(3); torch.ones(2, requires_grad=True), torch.ones(2)
(1.0, t([1.0])), [1.0, t([1.5])]; t([1.0]), t([1.0]), check_device=False, check_layout=False
"""


def cases(text):
    return [case.strip() for case in text.replace("\n", "; ").split("; ") if case.strip()]


@pytest.mark.parametrize("case", cases(CLOSE))
def test_assert_close(case):
    def program(torch):
        names = {"torch": torch, "t": torch.tensor, "np": np, "nan": math.nan, "inf": math.inf}
        return eval(f"torch.testing.assert_close({case})", names)

    assert_alike(program)


MADE = """
2, 3, dtype=torch.float32; (2, 3), dtype=torch.float64; [4], dtype=torch.float16; (), dtype=torch.float32
5, dtype=torch.int64; 5, dtype=torch.uint8; 5, dtype=torch.int8, low=-300, high=300; 20, dtype=torch.bool
5, dtype=torch.float32, low=1, high=2; 5, dtype=torch.int32, low=0.5, high=3.5; 5, dtype=torch.float32, low=2, high=1
5, dtype=torch.float32, low=2, high=2; 5, dtype=torch.int64, low=2, high=2; 5, dtype=torch.float32, low=nan
5, dtype=torch.float32, low=-inf, high=inf; 5, dtype=torch.float16, low=-1e9, high=1e9
5, dtype=torch.uint8, low=300, high=400; 5, dtype=torch.int64, low=-(2**70), high=2**70
5, dtype=torch.float32, requires_grad=True; 5, dtype=torch.int64, requires_grad=True
(3, 4), dtype=torch.float32, noncontiguous=True; (1, 1), dtype=torch.float32, noncontiguous=True
(3, 4), dtype=torch.int64, noncontiguous=True
3, dtype=torch.float32, noncontiguous=True, memory_format=torch.contiguous_format
40, dtype=torch.int64, exclude_zero=True; 40, dtype=torch.float32, low=0, high=1e-45, exclude_zero=True
9, dtype=torch.bool, exclude_zero=True; 3, dtype=3; (2, 2), dtype=torch.float32, memory_format=torch.contiguous_format
0, dtype=torch.float32; (2, 0), dtype=torch.int64, noncontiguous=True
"""


@pytest.mark.parametrize("case", cases(MADE))
def test_make_tensor(case):
    def program(torch):
        names = {"torch": torch, "nan": math.nan, "inf": math.inf}
        x = eval(f"torch.testing.make_tensor({case}, device='cpu')", names)
        return x, x.stride(), x.requires_grad, torch.rand(2)

    assert_alike(program)
