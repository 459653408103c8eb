// RUN: not pith-opt %s --pith-equalize-layers=iterations=0 2>&1 | FileCheck %s --check-prefix=ITERATIONS
// RUN: not pith-opt %s --pith-equalize-layers=tolerance=0 2>&1 | FileCheck %s --check-prefix=TOLERANCE
// RUN: not pith-opt %s --pith-scale-salient-channels=bits=9 2>&1 | FileCheck %s --check-prefix=BITS
// RUN: not pith-opt %s --pith-scale-salient-channels=group-size=8 2>&1 | FileCheck %s --check-prefix=GROUP
// RUN: not pith-opt %s --pith-scale-salient-channels=steps=0 2>&1 | FileCheck %s --check-prefix=STEPS
// RUN: not pith-opt %s --pith-smooth-activations=alpha=1.5 2>&1 | FileCheck %s --check-prefix=ALPHA
// RUN: not pith-opt %s --pith-smooth-activations=weight-bits=9 2>&1 | FileCheck %s --check-prefix=SMOOTHBITS
// RUN: not pith-opt %s --pith-smooth-activations=activation-bits=1 2>&1 | FileCheck %s --check-prefix=SMOOTHBITS
// RUN: not pith-opt %s --pith-rotate-activations=block=12 2>&1 | FileCheck %s --check-prefix=BLOCK

// ITERATIONS: expected at least 1 iteration, found 0
// TOLERANCE: expected a tolerance above 0, found 0
// BITS: expected bits from 1 to 8, or 0, found 9
// GROUP: expected a group-size from 16 to 256, or 0, found 8
// STEPS: expected steps from 1 to 1000, found 0
// ALPHA: expected alpha from 0 to 1, found 1.5
// SMOOTHBITS: expected weight-bits and activation-bits from 2 to 8, found {{9|1}}
// BLOCK: expected a power of two from 2 on as block, or 0, found 12
func.func @main() {
  return
}
