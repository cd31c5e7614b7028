"""Makes tests/array/sweep.txt with dantro itself (pip install dantro; made with 0.21.2): what ParamSpaceGroup.select makes of a
sweep, complete and with missing states.

    python3 make_sweep_golden.py > ../array/sweep.txt

A line each: `dim NAME VALUES...` in order; `state NUMBER VALUES...` for each state that is there; `concat|merge SHAPE...` and
`values ...`, row-major, with the sweep's dims and then x.
"""
import sys

import numpy as np
from dantro.containers import XrDataContainer
from dantro.groups import ParamSpaceGroup
from paramspace import ParamDim, ParamSpace

sweep = ParamSpace(dict(a=ParamDim(default=0, values=[1, 2, 5]), b=ParamDim(default=0, values=[0.5, 1.5])))


class Container(XrDataContainer):
    _XRC_INHERIT_CONTAINER_ATTRIBUTES = False


def group(missing):
    result = ParamSpaceGroup(name="sweep", pspace=sweep)
    for number in sweep.state_map.values[1:, 1:].ravel().tolist():
        if number in missing:
            continue
        state = result.new_group(str(number).zfill(2))
        values = number * 10 + np.arange(3)
        state.new_container("t", Cls=Container, data=values, attrs=dict(dims=["x"], coords__x=[0, 1, 2]))
        if not missing:
            print("state", number, *values)
    return result


for name, dim in sweep.dims.items():
    print("dim", name[0] if isinstance(name, tuple) else name, *dim.values)
for method, missing in (("concat", ()), ("merge", (5, 10))):
    if missing:
        print("missing", *missing)
    found = group(missing).select(field="t", method=method)
    found = (found["t"] if hasattr(found, "data_vars") else found).transpose("a", "b", "x")
    print(method, found.dtype, *found.shape)
    print("values", *found.values.ravel())
    sys.stdout.flush()
