"""Attention: heads in one axis, masks, caches, causal frontiers.

RUN: %python %s %t | FileCheck %s
"""
import pith_testing as pt
from import_testing import show

Y = {"y": ("float32", None)}
packed = lambda length: ("float32", ["b", length, 32])
heads = lambda length, count=4: ("float32", ["b", count, length, 8])

# CHECK-LABEL: // heads
# CHECK: %[[Q:.*]] = pith.transpose %{{.*}} -> tensor<?x4x5x8xf32>
# CHECK: %[[A:.*]] = pith.attention %[[Q]], %{{.*}} {causal, scale = 0.3535533905932{{[0-9]*}} : f64}
# CHECK: pith.transpose %[[A]]
# CHECK: pith.reshape %{{.*}} -> tensor<?x5x32xf32>
show("heads", [pt.node("Attention", "q", "k", "v", "y", q_num_heads=4, kv_num_heads=4, is_causal=1)],
     {"q": packed(5), "k": packed(5), "v": packed(5)}, Y, opset=23)
# True stays; what is false becomes −∞.
# CHECK-LABEL: // mask
# CHECK: %[[M:.*]] = pith.where %arg3
# CHECK: pith.attention %arg0, %arg1, %arg2, %[[M]] {scale = 2.500000e-01 : f64}
show("mask", [pt.node("Attention", "q", "k", "v", "m", "y", scale=0.25)],
     {"q": heads("l"), "k": heads("t", 2), "v": heads("t", 2), "m": ("bool", ["l", "t"])}, Y, opset=23)
# With a cache the new keys end where the queries do.
# CHECK-LABEL: // cache
# CHECK: %[[K:.*]] = pith.concat %arg3, %arg1 {axis = 2 : i64}
# CHECK: %[[V:.*]] = pith.concat %arg4, %arg2 {axis = 2 : i64}
# CHECK: %[[A:.*]] = pith.attention %arg0, %[[K]], %[[V]] {causal
# CHECK: return %[[A]], %[[K]], %[[V]]
show("cache", [pt.node("Attention", "q", "k", "v", "", "pk", "pv", outputs=["y", "nk", "nv"], is_causal=1)],
     {"q": heads("l"), "k": heads("l"), "v": heads("l"), "pk": heads("p"), "pv": heads("p")},
     {**Y, "nk": Y["y"], "nv": Y["y"]}, opset=23)
# Keys of another length: the frontier is a mask.
# CHECK-LABEL: // frontier
# CHECK: pith.less_equal
# CHECK: pith.attention
# CHECK-NOT: causal
show("frontier", [pt.node("Attention", "q", "k", "v", "y", is_causal=1)],
     {"q": heads("l"), "k": heads("t"), "v": heads("t")}, Y, opset=23)
# A soft cap comes from the operator's function.
# CHECK-LABEL: // softcap
# CHECK-NOT: pith.attention
# CHECK: pith.tanh
# CHECK: pith.softmax
show("softcap", [pt.node("Attention", "q", "k", "v", "y", softcap=2.0)],
     {"q": heads(3), "k": heads(3), "v": heads(3)}, Y, opset=23)
# CHECK-LABEL: // rotary
# CHECK: pith.concat
show("rotary", [pt.node("RotaryEmbedding", "q", "c", "s", "y")],
     {"q": heads(3), "c": ("float32", ["b", 3, 4]), "s": ("float32", ["b", 3, 4])}, Y, opset=23)
