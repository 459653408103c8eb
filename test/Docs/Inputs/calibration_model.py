"""Makes what the guide takes for granted: the README's model, and a folder of samples.

SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""

import os

import numpy as np

import readme_model

for number, rows in enumerate((8, 32)):
    os.makedirs(f"samples/{number}", exist_ok=True)
    np.save(f"samples/{number}/x.npy",
            readme_model.random.standard_normal((rows, 64)).astype(np.float32))
