// RUN: not pith-opt %s --pith-quantize-to-codebook='codebook=fp4 bits=3' 2>&1 | FileCheck %s --check-prefix=BITS
// RUN: not pith-opt %s --pith-quantize-to-codebook='bits=1' 2>&1 | FileCheck %s --check-prefix=NF
// RUN: not pith-opt %s --pith-quantize-to-codebook='group-size=8' 2>&1 | FileCheck %s --check-prefix=SIZE
// RUN: not pith-opt %s --pith-quantize-to-codebook='scale-type=u8 granularity=per-channel' 2>&1 | FileCheck %s --check-prefix=LEVELS
// RUN: not pith-opt %s --pith-quantize-to-codebook='codebook=mxfp4 group-size=64' 2>&1 | FileCheck %s --check-prefix=GROUPS
// RUN: not pith-opt %s --pith-quantize-to-codebook='codebook=mxfp4 granularity=per-tensor' 2>&1 | FileCheck %s --check-prefix=GROUPS
// RUN: not pith-opt %s --pith-quantize-to-codebook='codebook=mxfp4 scale-type=f16' 2>&1 | FileCheck %s --check-prefix=SCALES
// RUN: not pith-opt %s --pith-quantize-to-codebook='symmetry=mirrored' 2>&1 | FileCheck %s --check-prefix=KIND
// RUN: not pith-opt %s --pith-quantize-to-codebook='codebook=kmeans bits=1 symmetry=mirrored' 2>&1 | FileCheck %s --check-prefix=SIGN

// KIND: symmetry=mirrored needs codebook=kmeans, found codebook=nf
// SIGN: expected bits from 2 to 8 with symmetry=mirrored, found 1
// BITS: expected bits from 4 to 4 with codebook=fp4, found 3
// NF: expected bits from 2 to 8 with codebook=nf, found 1
// SIZE: expected a group-size from 16 to 256, found 8
// LEVELS: scale-type=u8 needs granularity=group
// GROUPS: codebook=mxfp4 has groups of 32
// SCALES: codebook=mxfp4 has scales of type e8m0
