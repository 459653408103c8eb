// Options out of range are errors while the command line is parsed.

// RUN: not pith-opt %s --pith-quantize-weights=bits=0 2>&1 | FileCheck %s --check-prefix=BITS0
// RUN: not pith-opt %s --pith-quantize-weights=bits=9 2>&1 | FileCheck %s --check-prefix=BITS9
// RUN: not pith-opt %s --pith-quantize-weights=group-size=15 2>&1 | FileCheck %s --check-prefix=SIZE15
// RUN: not pith-opt %s --pith-quantize-weights=group-size=257 2>&1 | FileCheck %s --check-prefix=SIZE257
// RUN: pith-opt %s --pith-quantize-weights='granularity=per-channel group-size=8'
// RUN: not pith-opt %s --pith-prune-weights=sparsity=1 2>&1 | FileCheck %s --check-prefix=SPARSITY
// RUN: not pith-opt %s --pith-prune-weights=sparsity=-0.1 2>&1 | FileCheck %s --check-prefix=SPARSITY
// RUN: not pith-opt %s --pith-prune-weights=pattern=4:4 2>&1 | FileCheck %s --check-prefix=PATTERN
// RUN: not pith-opt %s --pith-prune-weights=pattern=2:33 2>&1 | FileCheck %s --check-prefix=PATTERN
// RUN: not pith-opt %s --pith-prune-weights=pattern=half 2>&1 | FileCheck %s --check-prefix=PATTERN
// RUN: not pith-opt %s --pith-factorize-weights=energy=1.5 2>&1 | FileCheck %s --check-prefix=ENERGY
// RUN: not pith-opt %s --pith-factorize-weights=ratio=1 2>&1 | FileCheck %s --check-prefix=RATIO
// RUN: not pith-opt %s --pith-factorize-weights=rank=-1 2>&1 | FileCheck %s --check-prefix=RANK
// RUN: not pith-opt %s --pith-factorize-weights='rank=8 ratio=0.5' 2>&1 | FileCheck %s --check-prefix=BOTH
// RUN: not pith-opt %s --pith-correct-quantization=rank=-1 2>&1 | FileCheck %s --check-prefix=RANK-MINUS

// BITS0: expected bits from 1 to 8, found 0
// BITS9: expected bits from 1 to 8, found 9
// SIZE15: expected a group-size from 16 to 256, found 15
// SIZE257: expected a group-size from 16 to 256, found 257
// SPARSITY: expected a sparsity from 0 to below 1, found {{1|-0.1}}
// PATTERN: expected a pattern N:M with 1 <= N < M <= 32, found '{{4:4|2:33|half}}'
// ENERGY: expected energy between 0 and 1, found 1.5
// RATIO: expected ratio between 0 and 1, found 1
// RANK: expected a rank of at least 1, found -1
// BOTH: expected one of rank, energy and ratio, found more
// RANK-MINUS: expected a rank of at least 1, or 0, found -1
module {}
