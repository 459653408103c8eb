// RUN: pith-opt %s --pith-bfloat-as-bits | FileCheck %s

// Loads, stores, constants and bitcasts of bf16 become those of i16.
// CHECK-LABEL: llvm.func @move
// CHECK-NOT: bf16
// CHECK-DAG: %[[ONE:.*]] = llvm.mlir.constant(16256 : i16) : i16
// CHECK: %[[X:.*]] = llvm.load %{{.*}} : !llvm.ptr -> i16
// CHECK: llvm.add %[[X]], %[[ONE]] : i16
// CHECK: llvm.getelementptr {{.*}} -> !llvm.ptr, i16
// CHECK-NOT: llvm.bitcast
// CHECK: llvm.store %{{.*}} : i16, !llvm.ptr
llvm.func @move(%from: !llvm.ptr, %to: !llvm.ptr, %i: i64) {
  %one = llvm.mlir.constant(1.0 : bf16) : bf16
  %bits = llvm.bitcast %one : bf16 to i16
  %x = llvm.load %from : !llvm.ptr -> bf16
  %y = llvm.bitcast %x : bf16 to i16
  %z = llvm.add %y, %bits : i16
  %r = llvm.bitcast %z : i16 to bf16
  %place = llvm.getelementptr %to[%i] : (!llvm.ptr, i64) -> !llvm.ptr, bf16
  llvm.store %r, %place : bf16, !llvm.ptr
  llvm.return
}

// A vector constant keeps its bits.
// CHECK-LABEL: llvm.func @vector
// CHECK: llvm.mlir.constant(dense<16256> : vector<4xi16>) : vector<4xi16>
llvm.func @vector() -> vector<4xbf16> {
  %ones = llvm.mlir.constant(dense<1.0> : vector<4xbf16>) : vector<4xbf16>
  llvm.return %ones : vector<4xbf16>
}
