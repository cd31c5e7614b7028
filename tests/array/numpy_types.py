#!/usr/bin/env python3
"""Writes numpy_types.txt: the result types of element-wise operations as NumPy 2 gives them (NEP 50).

Usage: python numpy_types.py > numpy_types.txt   (with NumPy 2; the file names the version)
A line is an operation, its first operand, and the results for each second operand; `int` and `float` are Python's numbers.
"""

import operator
import warnings

import numpy as np

TYPES = "bool int8 int16 int32 int64 uint8 uint16 uint32 uint64 float16 float32 float64".split()
OPERANDS = TYPES + ["int", "float"]
UNARY = ("negative positive abs sign invert logical_not sqrt cbrt exp exp2 expm1 log log2 log10 log1p sin cos tan arcsin arccos arctan sinh "
         "cosh tanh arcsinh arccosh arctanh degrees radians floor ceil trunc round isnan isinf isfinite").split()
BINARY = {
    "add": operator.add, "subtract": operator.sub, "multiply": operator.mul, "divide": operator.truediv,
    "floor_divide": operator.floordiv, "remainder": operator.mod, "power": operator.pow, "less": operator.lt, "less_equal": operator.le,
    "greater": operator.gt, "greater_equal": operator.ge, "equal": operator.eq, "not_equal": operator.ne, "bitwise_and": operator.and_,
    "bitwise_or": operator.or_, "bitwise_xor": operator.xor, "logical_and": np.logical_and, "logical_or": np.logical_or,
    "logical_xor": np.logical_xor, "arctan2": np.arctan2, "hypot": np.hypot, "minimum": np.minimum, "maximum": np.maximum,
    "fmin": np.fmin, "fmax": np.fmax, "fillna": lambda a, b: np.where(np.array([True]), a, b),
    "where": lambda a, b: np.where(np.array([True]), a, b),
}


def value(name):
    return {"int": 3, "float": 1.5}.get(name, np.ones(1, name) if name in TYPES else None)


def result(function, *operands):
    try:
        return str(np.asarray(function(*(value(name) for name in operands))).dtype)
    except TypeError:
        return "error"


if __name__ == "__main__":
    if int(np.__version__.split(".")[0]) < 2:
        raise SystemExit("NumPy 2 is needed")
    warnings.simplefilter("ignore")
    print(f"# numpy_types.py with NumPy {np.__version__}")
    print("#", *OPERANDS)
    for name in UNARY:
        print(name, "-", *(result(getattr(np, name), operand) for operand in TYPES))
    for name, function in BINARY.items():
        for left in OPERANDS:
            print(name, left, *("-" if {left, right} <= {"int", "float"} else result(function, left, right) for right in OPERANDS))
