// Options of pruning passes that are out of range or contradict each other are errors
// while the command line is parsed.

// RUN: not pith-opt %s --pith-prune-weights='pattern=2:4 sparsity=0.9' 2>&1 | FileCheck %s --check-prefix=CONTRADICT
// RUN: pith-opt %s --pith-prune-weights='pattern=2:4 sparsity=0.5'
// RUN: pith-opt %s --pith-prune-weights='pattern=1:3 sparsity=0.6667'
// RUN: not pith-opt %s --pith-prune-weights='pattern=2:4 block=16x4' 2>&1 | FileCheck %s --check-prefix=BOTH
// RUN: not pith-opt %s --pith-prune-weights='block=0x4' 2>&1 | FileCheck %s --check-prefix=BLOCK
// RUN: not pith-opt %s --pith-prune-weights='block=1x1' 2>&1 | FileCheck %s --check-prefix=BLOCK
// RUN: not pith-opt %s --pith-prune-weights='block=16x1025' 2>&1 | FileCheck %s --check-prefix=BLOCK
// RUN: not pith-opt %s --pith-prune-weights='scope=global schedule=lamp' 2>&1 | FileCheck %s --check-prefix=SCOPE
// RUN: not pith-opt %s --pith-prune-weights='pattern=2:4 schedule=erk' 2>&1 | FileCheck %s --check-prefix=SCHEDULE
// RUN: not pith-opt %s --pith-prune-weights='pattern=2:4 scope=global' 2>&1 | FileCheck %s --check-prefix=SCHEDULE
// RUN: not pith-opt %s --pith-prune-wanda='pattern=1:4 sparsity=0.5' 2>&1 | FileCheck %s --check-prefix=WANDA
// RUN: not pith-opt %s --pith-prune-wanda='pattern=1:4 compare=layer' 2>&1 | FileCheck %s --check-prefix=COMPARE
// RUN: not pith-opt %s --pith-prune-wanda=sparsity=1 2>&1 | FileCheck %s --check-prefix=SPARSITY
// RUN: not pith-opt %s --pith-prune-sparsegpt=pattern=4:4 2>&1 | FileCheck %s --check-prefix=PATTERN
// RUN: not pith-opt %s --pith-prune-sparsegpt=block-size=0 2>&1 | FileCheck %s --check-prefix=COLUMNS
// RUN: not pith-opt %s --pith-prune-sparsegpt=damping=-1 2>&1 | FileCheck %s --check-prefix=DAMPING
// RUN: not pith-opt %s --pith-update-weights=damping=-1 2>&1 | FileCheck %s --check-prefix=DAMPING
// RUN: not pith-opt %s --pith-update-weights=direct-size=-1 2>&1 | FileCheck %s --check-prefix=DIRECT
// RUN: not pith-opt %s --pith-update-weights=iterations=0 2>&1 | FileCheck %s --check-prefix=ITERATIONS
// RUN: not pithc %s -o %t --compress='prune{pattern=2:4 sparsity=0.9}' 2>&1 | FileCheck %s --check-prefix=CONTRADICT

// CONTRADICT: pattern 2:4 drops 0.500 of the elements, which contradicts sparsity 0.9
// BOTH: expected a pattern or a block, found both
// BLOCK: expected a block of RxC outputs and positions, 1 to 1024 each and not 1x1, found '{{0x4|1x1|16x1025}}'
// SCOPE: a schedule says how much of each layer is dropped, which contradicts scope=global
// SCHEDULE: pattern 2:4 drops the same part of each layer, which contradicts scope=global and schedules
// WANDA: pattern 1:4 drops 0.750 of the elements, which contradicts sparsity 0.5
// COMPARE: pattern 1:4 compares elements of one output, which contradicts compare=layer
// SPARSITY: expected a sparsity from 0 to below 1, found 1
// PATTERN: expected a pattern N:M with 1 <= N < M <= 32, found '4:4'
// COLUMNS: expected a block-size of 1 or more, found 0
// DAMPING: expected a damping of 0 or more, found -1
// DIRECT: expected a direct-size of 0 or more, found -1
// ITERATIONS: expected 1 or more iterations, found 0
module {}
