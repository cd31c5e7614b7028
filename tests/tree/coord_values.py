"""Random arguments of dantro's coordinate modes: what xylem makes of them against what Python and NumPy do."""

import os
import random
import subprocess
import sys

import numpy as np

EVALUATE = {
    "range": lambda args, n: range(*args),
    "arange": lambda args, n: np.arange(*args),
    "linspace": lambda args, n: np.linspace(*args[:2], *map(int, args[2:])),
    "logspace": lambda args, n: np.logspace(*args[:2], *map(int, args[2:])),
    "start_and_step": lambda args, n: range(int(args[0]), int(args[0] + args[1] * n), int(args[1])),
}
COUNTS = {"range": (1, 3), "arange": (1, 3), "linspace": (2, 4), "logspace": (2, 4), "start_and_step": (2, 2)}
DTYPES = {"f8": np.float64, "f4": np.float32, "i8": np.int64, "i4": np.int32, "u8": np.uint64}
LIMIT = 3000


def draw_argument(random, dtype, mode, position):
    if mode in ("linspace", "logspace") and position == 2:
        return random.choice([0, 1, 2, 3, 7, 50, 500])
    if mode in ("linspace", "logspace") and position == 3:
        return random.choice([0, 1])
    if dtype[0] == "f":
        return random.choice([0.0, 1.0, 0.1, 0.3, -0.7, 1e-3, random.uniform(-20, 20), round(random.uniform(-20, 20), 1), random.uniform(-1, 1)])
    if dtype == "u8":  # unsigned differences wrap in NumPy's arange: only what grows
        return position * random.randrange(1, 50) if mode != "arange" or position < 2 else random.randrange(1, 9)
    return random.choice([0, 1, -1, random.randrange(-100, 100)])


def expected(mode, args, extent):
    """The values, or None where Python or NumPy refuse."""
    try:
        with np.errstate(all="ignore"):
            values = EVALUATE[mode](args, extent)
    except (ValueError, TypeError, OverflowError, ZeroDivisionError, MemoryError):
        return None
    return values


def make_cases(random, count):
    cases = []
    while len(cases) < count:
        mode = random.choice(list(EVALUATE))
        dtype = random.choice(["i8", "i4"] if mode == "range" else list(DTYPES))
        if mode == "start_and_step" and dtype == "f4":
            continue  # dantro computes in float32 there, xylem in float64
        raw = [draw_argument(random, dtype, mode, i) for i in range(random.randint(*COUNTS[mode]))]
        stored = np.array(raw, dtype=DTYPES[dtype])
        # Where NumPy before 2 and since differ: the type of float32 points, and whether float32 + 1 is one.
        args = list(stored.astype("f8") if mode in ("linspace", "logspace") else stored)
        if mode == "arange" and dtype == "f4":
            args = [np.float32(0)] * (len(args) == 1) + args + [np.float32(1)] * (len(args) < 3)
        if mode in ("range", "start_and_step"):
            args = stored.tolist()
        extent = random.randrange(0, 30)
        values = expected(mode, args, extent)
        if values is not None and len(values) > LIMIT:
            continue
        fits = values is not None and (mode != "start_and_step" or len(values) == extent)
        if values is not None and mode != "start_and_step":
            extent = len(values) + random.choice([0, 0, 0, 0, 1])
            fits = extent == len(values)
        cases.append((f"{extent} {mode} {dtype} " + " ".join(map(str, stored.tolist())), mode, values if fits else None))
    return cases


def matches(answer, mode, values):
    if values is None:
        return answer == "error"
    kind, *numbers = answer.split()
    if kind == "int":
        same_kind = isinstance(values, range) or np.asarray(values).dtype.kind == "i"
        return same_kind and [int(n) for n in numbers] == [int(v) for v in values]
    if kind != "float" or np.asarray(values).dtype.kind != "f":
        return False
    ours, theirs = np.array([float.fromhex(n) for n in numbers]), np.asarray(values, dtype="f8")
    if mode == "logspace":  # as exact as the mathematics library
        return ours.shape == theirs.shape and bool(np.all(np.abs(ours - theirs) <= np.abs(theirs) * 2.0**-51))
    return ours.tolist() == theirs.tolist()


def main(program):
    seed = int(os.environ.get("XYLEM_TEST_SEED", 1))
    cases = make_cases(random.Random(seed), 4000)
    answers = subprocess.run([program], input="\n".join(case[0] for case in cases) + "\n", capture_output=True, text=True, check=True).stdout.splitlines()
    assert len(answers) == len(cases), (len(answers), len(cases))
    wrong = [(case, answer) for case, answer in zip(cases, answers) if not matches(answer, case[1], case[2])]
    for (line, _, values), answer in wrong[:10]:
        print(f"{line}\n  xylem: {answer[:300]}\n  NumPy: {'error' if values is None else list(values)[:10]}")
    accepted = sum(case[2] is not None for case in cases)
    print(f"seed {seed}: {len(wrong)} of {len(cases)} differ; {accepted} have values")
    assert accepted > 1000
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1]))
