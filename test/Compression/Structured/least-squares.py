# RUN: %python %s %t
"""Which neurons go, and what becomes of the weights that read them, against a plain
computation: every choice tried out, the normal equations solved by numpy."""
import os
import sys

import numpy as np
import pith_testing as pt

folder = sys.argv[1]
random = np.random.default_rng(11)
normal = lambda *shape: random.standard_normal(shape, np.float32)

ROWS, NEURONS, REMOVED = 300, 12, 5
w1, b1 = normal(6, NEURONS), normal(NEURONS)
w2, b2 = normal(NEURONS, 9), normal(9)
model = pt.save(pt.model(
    [pt.node("Gemm", "x", "w1", "b1", "h"), pt.node("Relu", "h", "r"),
     pt.node("Gemm", "r", "w2", "b2", "y")],
    {"x": ("float32", ["n", 6])}, {"y": ("float32", ["n", 9])},
    {"w1": w1, "b1": b1, "w2": w2, "b2": b2}), folder)
x = normal(ROWS, 6)
os.makedirs(f"{folder}/samples/0", exist_ok=True)
np.save(f"{folder}/samples/0/x.npy", x)

# Second moments of deviations from the mean: the bias takes up the mean.
relu = lambda x: np.maximum(x.astype(np.float64) @ w1 + b1, 0)
r = relu(x)
mean = r.mean(0)
moments = (r - mean).T @ (r - mean)
moments += 0.01 * np.trace(moments) / NEURONS * np.eye(NEURONS)


def fit(removed):
    """The least-squares weights without some neurons, and what they cost."""
    kept = [k for k in range(NEURONS) if k not in removed]
    fitted = np.zeros_like(w2, np.float64)
    fitted[kept] = np.linalg.solve(moments[np.ix_(kept, kept)], moments[kept] @ w2)
    difference = w2 - fitted
    return fitted, np.trace(difference.T @ moments @ difference)


removed = []
for _ in range(REMOVED):
    removed.append(min((k for k in range(NEURONS) if k not in removed),
                       key=lambda k: fit(removed + [k])[1]))
fitted, _ = fit(removed)
new = normal(50, 6)
want = relu(new) @ fitted + b2 + mean @ (w2 - fitted)


def compress(recipe):
    program = pt.compile(model, folder, f"--calibrate={folder}/samples", compress=recipe,
                         name="program")
    return pt.run(program, {"x": new}, ["y"])["y"]


options = f"scope=layer ratio={REMOVED / NEURONS + 0.01:.3f} min-elements=1"
got = compress("prune-channels{%s}" % options)
assert np.abs(got - want).max() < 1e-4 * np.abs(want).max(), np.abs(got - want).max()

# Without the fit only the mean is made up for.
def unfitted(removed):
    cut = w2.copy()
    cut[removed] = 0
    return (relu(new) @ cut + b2 + mean @ (w2 - cut)).astype(np.float32)


plain = compress("prune-channels{%s fit=false}" % options)
pt.check_close(plain, unfitted(removed), 1e-3, 1e-4)
full = relu(new) @ w2 + b2
assert pt.sqnr(got, full) > pt.sqnr(plain, full) + 0.5, (pt.sqnr(got, full),
                                                         pt.sqnr(plain, full))

# By magnitude, of rows of the first weight, and by Σ w²·x².
order = np.argsort((w1.astype(np.float64) ** 2).sum(0))[:REMOVED]
by_size = compress("prune-channels{%s importance=magnitude fit=false}" % options)
pt.check_close(by_size, unfitted(order), 1e-3, 1e-4)
order = np.argsort((w2.astype(np.float64) ** 2).sum(1) * (r**2).sum(0))[:REMOVED]
by_activation = compress("prune-channels{%s importance=activation fit=false}" % options)
pt.check_close(by_activation, unfitted(order), 1e-3, 1e-4)
