#!/usr/bin/env python3
"""Writes small models, each of which one kernel computes, for KernelCasesTest.

Attributes of `main` say how a case is run: `test.group` which test it belongs to;
`test.sizes` has values for the symbols
of each run, `test.bound` replaces the allowed difference, `test.slack` allows
integers to differ, `test.fails` means that the run must fail. Arguments are random
in `test.range`, or `test.values`.
"""
# Part of Pith, under the Apache License v2.0 with LLVM Exceptions.
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

import sys

CASES = []
GROUP = [""]


def tensor(shape, element="f32"):
    return "tensor<" + "x".join([str(d) for d in shape] + [element]) + ">"


def array(values):
    values = list(values)
    return "array<i64" + (": " + ", ".join(map(str, values)) if values else "") + ">"


def model(name, arguments, lines, results, attributes=""):
    """`arguments` are types, or pairs of a type and attributes."""
    texts = []
    for number, argument in enumerate(arguments):
        type_, extra = argument if isinstance(argument, tuple) else (argument, "")
        texts.append(f"%{number}: {type_}" + (f" {{{extra}}}" if extra else ""))
    types = results if len(results) != 1 else results[0]
    types = f"({', '.join(results)})" if len(results) != 1 else types
    head = f"func.func @main({', '.join(texts)}) -> {types}"
    note = ", ".join(filter(None, [f'test.name = "{name}", test.group = "{GROUP[0]}"',
                                   attributes]))
    body = "\n".join("  " + line for line in lines)
    CASES.append(f"{head} attributes {{{note}}} {{\n{body}\n}}\n")


def op(name, mnemonic, operands, results, attributes="", extras=None, about=""):
    """One op on arguments; `extras` are attributes of arguments by number."""
    results = results if isinstance(results, list) else [results]
    arguments = [(t, (extras or {}).get(i, "")) for i, t in enumerate(operands)]
    values = ", ".join(f"%{i}" for i in range(len(operands)))
    count = f":{len(results)}" if len(results) > 1 else ""
    types = results[0] if len(results) == 1 else f"({', '.join(results)})"
    made = [f"%r#{i}" if count else "%r" for i in range(len(results))]
    model(name, arguments, [
        f"%r{count} = pith.{mnemonic} {values} {{{attributes}}} : "
        f"({', '.join(operands)}) -> {types}",
        f"return {', '.join(made)} : {', '.join(results)}"], results, about)


def constant(name, values, element="i64"):
    type_ = tensor((len(values),), element)
    return f"%{name} = pith.constant dense<{list(values)}> : {type_} : {type_}"


def between(low, high):
    return f"test.range = [{low}, {high}]"


def sizes(symbols, *expressions):
    return f"pith.shape = affine_map<()[{symbols}] -> ({', '.join(map(str, expressions))})>"


def runs(symbols, values):
    names = ", ".join(f'"{s}"' for s in symbols.split(", "))
    return f"pith.symbols = [{names}], test.sizes = {[list(v) for v in values]}"


NM = "n, m"
NM_RUNS = runs(NM, [(1, 1), (3, 5), (17, 40), (0, 4), (64, 33)])

# --- Products ------------------------------------------------------------------


def product(name, left, right, result, element="f32", transposed=False, about="",
            extras=None):
    op(name, "matmul", [tensor(left, element), tensor(right, element)],
       tensor(result, element), "transpose_rhs" if transposed else "", extras, about)


def products():
    for element in ["f32", "f16", "bf16", "f64", "i32", "i8"]:
        product(f"product of {element}", (5, 7), (7, 9), (5, 9), element)
        product(f"transposed product of {element}", (5, 7), (9, 7), (5, 9), element, True)
    for m, k, n in [(0, 3, 4), (1, 16, 40), (1, 33, 1), (2, 1, 3), (4, 33, 130),
                    (5, 16, 64), (7, 33, 65), (13, 1, 16), (64, 33, 130), (5, 0, 9),
                    (9, 16, 0)]:
        product(f"product {m} {k} {n}", (m, k), (k, n), (m, n))
        product(f"transposed product {m} {k} {n}", (m, k), (n, k), (m, n), "f32", True)
    for left, right, result in [
            ((2, 3, 10, 16), (2, 3, 16, 20), (2, 3, 10, 20)),
            ((1, 3, 10, 16), (2, 1, 16, 20), (2, 3, 10, 20)),
            ((3, 10, 16), (2, 1, 16, 20), (2, 3, 10, 20)),
            ((2, 3, 10, 16), (16, 20), (2, 3, 10, 20)), ((16,), (16, 20), (20,)),
            ((16,), (3, 16, 20), (3, 20)), ((4, 5, 16), (16,), (4, 5)), ((16,), (16,), ())]:
        product(f"product {left} {right}", left, right, result)
    about = runs("m, k, n", [(0, 3, 4), (1, 64, 64), (3, 17, 65), (4, 16, 100),
                             (5, 33, 64), (70, 5, 1), (33, 64, 130)])
    batch = runs("m, k, n, b, c", [(1, 16, 20, 1, 3), (7, 16, 20, 3, 1),
                                   (7, 16, 20, 3, 3), (2, 1, 1, 1, 1)])
    for transposed in (False, True):
        right = ("n", "k") if transposed else ("k", "n")
        product("product of dynamic sizes", ("?", "?"), ("?", "?"), ("?", "?"), "f32",
                transposed, about, {0: sizes("m, k, n", "m", "k"),
                                    1: sizes("m, k, n", *right)})
        product("batch of dynamic sizes", (2, "?", "?", "?"), (2, "?", "?", "?"),
                (2, "?", "?", "?"), "f32", transposed, batch,
                {0: sizes("m, k, n, b, c", 2, "b", "m", "k"),
                 1: sizes("m, k, n, b, c", 2, "c", *right)})
    for m, n in [(3, 70), (20, 64)]:
        t = tensor((m, n))
        model(f"product with epilogue {m} {n}",
              [tensor((m, 24)), tensor((24, n)), tensor((n,))],
              [f"%p = pith.matmul %0, %1 : ({tensor((m, 24))}, {tensor((24, n))}) -> {t}",
               f"%s = pith.add %p, %2 : ({t}, {tensor((n,))}) -> {t}",
               f"%r = pith.gelu %s : ({t}) -> {t}", f"return %r : {t}"], [t])
    for layout in ("channels_first", "channels_last"):
        last = layout == "channels_last"
        x, w, y = (1, 4, 5, 7), (6, 2, 3, 3), (1, 6, 3, 4)
        if last:
            x, w, y = [(s[0], s[2], s[3], s[1]) for s in (x, w, y)]
        op(f"convolution {layout}", "conv", [tensor(x), tensor(w), tensor((6,))], tensor(y),
           f"strides = {array((2, 2))}, dilations = {array((1, 1))}, pads_low = "
           f"{array((1, 1))}, pads_high = {array((1, 1))}, group = 2 : i64, "
           f"layout = #pith.layout<{layout}>")
    op("transposed convolution", "conv_transpose",
       [tensor((1, 4, 5, 7)), tensor((4, 3, 3, 3)), tensor((6,))], tensor((1, 6, 10, 14)),
       f"strides = {array((2, 2))}, dilations = {array((1, 1))}, pads_low = "
       f"{array((1, 1))}, pads_high = {array((1, 1))}, output_padding = {array((1, 1))}, "
       "group = 2 : i64")


# --- Attention -----------------------------------------------------------------


def attend(name, batch, heads, key_heads, queries, keys, size, value_size, mask=None,
           causal=False, element="f32", about="", extras=None):
    operands = [tensor((batch, heads, queries, size), element),
                tensor((batch, key_heads, keys, size), element),
                tensor((batch, key_heads, keys, value_size), element)]
    if mask:
        operands.append(tensor(mask, element))
    op(name, "attention", operands, tensor((batch, heads, queries, value_size), element),
       "scale = 0.125 : f64" + (", causal" if causal else ""), extras, about)


def attention():
    for queries, keys in [(1, 1), (1, 16), (1, 600), (2, 20), (3, 3), (7, 33), (13, 64),
                          (5, 700), (20, 8), (4, 0), (0, 4)]:
        for causal in (False, True):
            attend(f"attention {queries} {keys} causal {causal}", 1, 2, 2, queries, keys, 64,
                   64, causal=causal)
    for queries in (1, 9):
        attend(f"grouped queries {queries}", 2, 4, 2, queries, 40, 64, 64)
        attend(f"mask per key {queries}", 2, 4, 2, queries, 40, 64, 64,
               mask=(2, 1, 1, 40))
        attend(f"half precision {queries}", 1, 2, 2, queries, 40, 64, 64, element="f16")
        attend(f"odd sizes {queries}", 1, 2, 2, queries, 40, 33, 20)
    attend("mask", 2, 4, 4, 9, 40, 64, 64, mask=(9, 40))
    attend("mask per query", 2, 4, 4, 9, 40, 64, 64, mask=(2, 1, 9, 1), causal=True)
    attend("mask of many keys", 1, 1, 1, 9, 1040, 64, 64, mask=(9, 1040), causal=True)
    attend("double precision", 1, 2, 1, 9, 40, 16, 16, element="f64", mask=(9, 40))
    infinite = "0xFF800000"
    t, m = tensor((1, 1, 2, 16)), tensor((2, 2))
    model("query without keys", [t, t, t],
          [f"%m = pith.constant dense<[[0.0, 0.0], [{infinite}, {infinite}]]> : {m} : {m}",
           f"%r = pith.attention %0, %1, %2, %m {{scale = 0.25 : f64}} : "
           f"({t}, {t}, {t}, {m}) -> {t}", f"return %r : {t}"], [t])
    about = runs("q, k", [(1, 1), (1, 700), (2, 30), (3, 3), (7, 100), (40, 513),
                          (13, 1030), (20, 8), (0, 4)])
    for mask in (None, (1, 1, "?", "?")):
        attend("attention of dynamic sizes", 1, 2, 2, "?", "?", 64, 64, mask,
               bool(mask), about=about,
               extras={0: sizes("q, k", 1, 2, "q", 64), 1: sizes("q, k", 1, 2, "k", 64),
                       2: sizes("q, k", 1, 2, "k", 64), 3: sizes("q, k", 1, 1, "q", "k")})
    rows, heads = tensor((2, 9, 4, 64)), tensor((2, 4, 9, 64))
    lines = [f"%{x} = pith.transpose %{i} {{permutation = {array((0, 2, 1, 3))}}} : "
             f"({rows}) -> {heads}" for i, x in enumerate("qkv")]
    model("attention of transposed operands", [rows] * 3, lines + [
        f"%r = pith.attention %q, %k, %v {{scale = 0.125 : f64}} : "
        f"({heads}, {heads}, {heads}) -> {heads}", f"return %r : {heads}"], [heads])


# --- Interpolation and windows ---------------------------------------------------


def resize(name, shape, result, mode, coordinates="half_pixel", nearest="round_prefer_floor",
           extra="", element="f32", about=""):
    t, s, r = tensor(shape, element), tensor((len(shape),), "i64"), tensor(result, element)
    model(name, [t], [
        constant("s", result),
        f"%r = pith.resize %0, %s {{mode = #pith.resize_mode<{mode}>, coordinate_mode = "
        f"#pith.coordinate_mode<{coordinates}>, nearest_mode = "
        f"#pith.nearest_mode<{nearest}>{extra}}} : ({t}, {s}) -> {r}", f"return %r : {r}"],
        [r], about)


def interpolation():
    modes = ["half_pixel", "pytorch_half_pixel", "align_corners", "asymmetric",
             "half_pixel_symmetric", "tf_half_pixel_for_nn"]
    for mode in ["nearest", "linear", "cubic"]:
        for coordinates in modes:
            resize(f"{mode} {coordinates} larger", (1, 2, 5, 7), (1, 2, 11, 20), mode,
                   coordinates)
            resize(f"{mode} {coordinates} smaller", (1, 11, 20, 20), (1, 5, 7, 20), mode,
                   coordinates)
        for element in ["f16", "f64", "ui8"]:
            resize(f"{mode} of {element}", (1, 2, 5, 6), (1, 2, 9, 13), mode,
                   element=element, about="test.slack = 1")
    for nearest in ["round_prefer_floor", "round_prefer_ceil", "floor", "ceil"]:
        resize(f"nearest {nearest}", (1, 1, 4, 6), (1, 1, 8, 9), "nearest", "half_pixel",
               nearest, ", scales = array<f64: 1.0, 1.0, 2.0, 1.5>")
    resize("given scales", (1, 1, 4, 6), (1, 1, 9, 9), "linear",
           extra=", scales = array<f64: 1.0, 1.0, 2.3, 1.6>")
    resize("antialias", (1, 2, 20, 30), (1, 2, 7, 11), "linear", extra=", antialias")
    resize("antialias cubic", (1, 20, 30, 5), (1, 7, 11, 5), "cubic",
           extra=", antialias, exclude_outside")
    resize("exclude outside", (1, 2, 5, 6), (1, 2, 12, 11), "cubic",
           extra=", exclude_outside, cubic_coeff = -0.5 : f64")
    for shape, result in [((7,), (19,)), ((1, 1, 3, 4, 5), (1, 1, 6, 7, 9)),
                          ((1, 3, 4, 5, 3), (1, 6, 7, 9, 3)), ((3, 4), (6, 4)),
                          ((0, 4), (0, 8))]:
        resize(f"linear {shape}", shape, result, "linear")


def pool(name, mnemonic, shape, result, kernel, strides, dilations, pads, extra="",
         element="f32", extras=None, about=""):
    op(name, mnemonic, [tensor(shape, element)], tensor(result, element),
       f"kernel = {array(kernel)}, strides = {array(strides)}, dilations = "
       f"{array(dilations)}, pads_low = {array(pads)}, pads_high = {array(pads)}{extra}",
       extras, about)


def pooling():
    last = ", layout = #pith.layout<channels_last>"
    for mnemonic, extra in [("max_pool", ""), ("average_pool", ""),
                            ("average_pool", ", count_include_pad"),
                            ("lp_pool", ", p = 2 : i64"), ("lp_pool", ", p = 3 : i64")]:
        name = mnemonic + extra
        pool(f"{name} channels first", mnemonic, (2, 3, 9, 11), (2, 3, 5, 6), (3, 3), (2, 2),
             (1, 1), (1, 1), extra)
        pool(f"{name} channels last", mnemonic, (2, 9, 11, 70), (2, 5, 6, 70), (3, 3), (2, 2),
             (1, 1), (1, 1), extra + last)
        pool(f"{name} dilated", mnemonic, (1, 9, 11, 16), (1, 7, 9, 16), (3, 3), (1, 1),
             (2, 2), (1, 1), extra + last)
        pool(f"{name} rounded up", mnemonic, (1, 9, 12, 16), (1, 5, 6, 16), (2, 2), (2, 2),
             (1, 1), (0, 0), extra + last + ", ceil_mode")
        pool(f"{name} of lines", mnemonic, (1, 9, 16), (1, 4, 16), (3,), (2,), (1,), (0,),
             extra + last)
        pool(f"{name} dynamic", mnemonic, ("?", 9, "?", 20), ("?", 5, "?", 20), (3, 3), (2, 2),
             (1, 1), (1, 1), extra + last, extras={0: sizes(NM, "n", 9, "m", 20)},
             about=runs(NM, [(1, 1), (2, 7), (3, 12), (0, 4)]))
    for element in ["i8", "f16"]:
        pool(f"max_pool of {element}", "max_pool", (1, 9, 11, 20), (1, 5, 6, 20), (3, 3),
             (2, 2), (1, 1), (1, 1), last, element)


# --- Norms, reductions -----------------------------------------------------------


def norms():
    for element in ["f32", "f16", "f64"]:
        t, c = tensor((2, 6, 4, 20), element), tensor((6,), element)
        op(f"batch norm of {element}", "batch_norm", [t, c, c, c, c], t,
           "epsilon = 1.0e-5 : f64", {4: between(0.5, 2.0)})
        op(f"group norm of {element}", "group_norm", [t, c, c], t,
           "groups = 3 : i64, epsilon = 1.0e-5 : f64")
        op(f"lrn of {element}", "lrn", [t], t,
           "size = 4 : i64, alpha = 0.1 : f32, beta = 0.75 : f32, bias = 1.0 : f32")
        row = tensor((20,), element)
        model(f"layer norm of {element}", [t, row, row], [
            f"%r = pith.layer_norm %0 scale %1 : {row} bias %2 : {row} "
            f"{{axis = 3 : i64, epsilon = 1.0e-5 : f64}} : {t} -> {t}", f"return %r : {t}"],
            [t])
        op(f"rms norm of {element}", "rms_norm", [t, row], t,
           "axis = 3 : i64, epsilon = 1.0e-5 : f64")
        for mnemonic in ("softmax", "log_softmax"):
            for axis in (0, 2, 3):
                op(f"{mnemonic} of {element} along {axis}", mnemonic, [t], t,
                   f"axis = {axis} : i64")
    t = tensor(("?", 6, "?"))
    op("group norm of dynamic sizes", "group_norm", [t, tensor((6,)), tensor((6,))], t,
       "groups = 2 : i64, epsilon = 1.0e-5 : f64", {0: sizes(NM, "n", 6, "m")}, NM_RUNS)
    for axis in (0, 1):
        op(f"softmax of dynamic sizes along {axis}", "softmax", [tensor(("?", "?"))],
           tensor(("?", "?")), f"axis = {axis} : i64", {0: sizes(NM, "n", "m")}, NM_RUNS)


def reductions():
    shape = (3, 5, 20)
    for kind in ["sum", "mean", "max", "min", "prod", "l1", "l2", "log_sum", "log_sum_exp",
                 "sum_square"]:
        for axes in [(), (0,), (2,), (0, 2), (0, 1, 2)]:
            kept = [s for i, s in enumerate(shape) if i not in axes]
            op(f"reduce {kind} {axes}", "reduce", [tensor(shape)], tensor(kept),
               f"kind = #pith.reduce_kind<{kind}>, axes = {array(axes)}",
               {0: between(0.5, 1.5)})
    for element in ["f16", "f64", "i32", "ui8"]:
        for kind in ["sum", "mean", "max", "min"]:
            for axis in (0, 2):
                kept = [s for i, s in enumerate(shape) if i != axis]
                op(f"reduce {kind} of {element} {axis}", "reduce", [tensor(shape, element)],
                   tensor(kept, element),
                   f"kind = #pith.reduce_kind<{kind}>, axes = {array((axis,))}")
    for kind in ["sum", "mean", "max", "log_sum_exp"]:
        for axis in (0, 1):
            op(f"reduce {kind} of dynamic sizes {axis}", "reduce", [tensor(("?", "?"))],
               tensor(("?",)), f"kind = #pith.reduce_kind<{kind}>, axes = {array((axis,))}",
               {0: sizes(NM, "n", "m")}, NM_RUNS)
    for axis in (0, 2):
        kept = [s for i, s in enumerate(shape) if i != axis]
        for mnemonic in ("arg_max", "arg_min"):
            op(f"{mnemonic} {axis}", mnemonic, [tensor(shape)], tensor(kept, "i64"),
               f"axis = {axis} : i64")
        for how in ["", "exclusive, ", "exclusive, reverse, "]:
            op(f"cumsum {how}{axis}", "cumsum", [tensor(shape)], tensor(shape),
               f"{how}axis = {axis} : i64")
    t, v, p = tensor((6, 20)), tensor((6, 4)), tensor((6, 4), "i64")
    for largest in ("true", "false"):
        model(f"top_k {largest}", [t], [
            constant("k", [4]),
            f"%r:2 = pith.top_k %0, %k {{axis = 1 : i64, largest = {largest}}} : "
            f"({t}, tensor<1xi64>) -> ({v}, {p})", f"return %r#0, %r#1 : {v}, {p}"], [v, p])


# --- Elements chosen by value ------------------------------------------------------


def indexing():
    for kind in ["none", "add", "mul", "max", "min"]:
        for element in ["f32", "f16", "i64", "ui8"]:
            t, u = tensor((4, 6, 37), element), tensor((4, 3, 37), element)
            op(f"scatter elements {kind} {element}", "scatter_elements",
               [t, tensor((4, 3, 37), "i64"), u], t,
               f"axis = 1 : i64, kind = #pith.scatter_kind<{kind}>", {1: between(-6, 5)})
            op(f"scatter nd {kind} {element}", "scatter_nd",
               [t, tensor((3, 2), "i64"), tensor((3, 37), element)], t,
               f"kind = #pith.scatter_kind<{kind}>", {1: between(-4, 3)})
    for shape, indices, updates in [((4, 6), (7, 2), (7,)), ((9,), (2, 3, 1), (2, 3)),
                                    ((9, 5000), (3, 1), (3, 5000)), ((9, 4), (0, 1), (0, 4)),
                                    ((3, 4), (2, 0), (2, 3, 4))]:
        op(f"scatter nd {shape} {indices}", "scatter_nd",
           [tensor(shape), tensor(indices, "i64"), tensor(updates)], tensor(shape),
           "kind = #pith.scatter_kind<add>", {1: between(0, 3)})
    op("scatter outside", "scatter_elements", [tensor((9,)), tensor((3,), "i64"),
       tensor((3,))], tensor((9,)), "axis = 0 : i64, kind = #pith.scatter_kind<none>",
       {1: between(9, 12)}, "test.fails")
    for shape, element, low in [((4, 5), "f32", 0.0), ((4, 5), "i1", 0), ((3000,), "i32", 0),
                                ((), "i32", 1), ((0, 3), "i32", 0)]:
        op(f"non_zero {shape} {element}", "non_zero", [tensor(shape, element)],
           tensor((len(shape), "?"), "i64"), "", {0: between(low, 1.0 if element == "f32" else 1)})
    z, q, f = tensor((1, "?"), "i64"), tensor(("?",), "i64"), tensor(("?",))
    model("look up what non_zero found", [(tensor((40,), "i32"), between(0, 1)),
                                          tensor((40,))], [
        f"%z = pith.non_zero %0 : ({tensor((40,), 'i32')}) -> {z}",
        f"%s = pith.squeeze %z {{axes = {array((0,))}}} : ({z}) -> {q}",
        f"%g = pith.gather %1, %s {{axis = 0 : i64}} : ({tensor((40,))}, {q}) -> {f}",
        f"%r = pith.add %g, %g : ({f}, {f}) -> {f}", f"return %r : {f}"], [f])
    for element in ["i8", "ui8", "i16", "i32"]:
        op(f"quantize to {element}", "quantize", [tensor((3, 20)), tensor(()),
           tensor((), element)], tensor((3, 20), element), "axis = 0 : i64",
           {0: between(-300.0, 300.0), 1: between(0.5, 0.6)})
        op(f"quantize to 5 bits of {element}", "quantize", [tensor((3, 20)), tensor(()),
           tensor((), element)], tensor((3, 20), element), "bits = 5 : i64",
           {0: between(-20.0, 20.0), 1: between(0.5, 0.6), 2: between(0, 3)})
        op(f"quantize to {element} per channel", "quantize",
           [tensor((3, 20, 4)), tensor((20,)), tensor((20,), element)],
           tensor((3, 20, 4), element), "axis = 1 : i64",
           {0: between(-300.0, 300.0), 1: between(0.5, 2.0)})
    for codes, scale, axis, group in [((3, 20), (3, 1), 1, 0), ((3, 20), (3, 3), 1, 8),
                                      ((2, 3, 64), (2, 3, 4), 2, 16), ((3, 20), (1,), 0, 0)]:
        for element in ["i8", "ui8"]:
            op(f"dequantize {codes} {scale} {element}", "dequantize",
               [tensor(codes, element), tensor(scale), tensor(scale, element)],
               tensor(codes), f"axis = {axis} : i64, group_size = {group} : i64")
    c, s, w = tensor((3, 8), "i4"), tensor((3, 1)), tensor((3, 8))
    table = [
        f"%c = pith.constant dense<[[1, -2, 3, -4, 5, -6, 7, -8], [0, 1, 2, 3, 4, 5, 6, 7], "
        f"[-1, -1, -2, -2, -3, -3, -4, -4]]> : {c} : {c}",
        f"%s = pith.constant dense<[[0.5], [0.25], [2.0]]> : {s} : {s}",
        f"%d = pith.dequantize %c, %s {{axis = 1 : i64}} : ({c}, {s}) -> {w}"]
    rows, found = tensor((2, 5), "i64"), tensor((2, 5, 8))
    for name, low, high, about in [("rows of a compressed table", -3, 2, ""),
                                   ("rows outside a compressed table", 3, 4, "test.fails")]:
        model(name, [(rows, between(low, high))], table + [
            f"%r = pith.gather %d, %0 {{axis = 0 : i64}} : ({w}, {rows}) -> {found}",
            f"return %r : {found}"], [found], about)
    model("compressed constant as an addend", [w], table + [
        f"%r = pith.add %d, %0 : ({w}, {w}) -> {w}", f"return %r : {w}"], [w])


# --- Elements elsewhere --------------------------------------------------------------


def sized(name, mnemonic, shape, lists, result, attributes="", element="f32", more=()):
    """An op whose further operands are constant lists of sizes."""
    t, r = tensor(shape, element), tensor(result, element)
    lines = [constant(f"c{i}", values) for i, values in enumerate(lists)]
    values = ", ".join(["%0"] + [f"%c{i}" for i in range(len(lists))] +
                       [f"%{i + 1}" for i in range(len(more))])
    types = ", ".join([t] + [tensor((len(v),), "i64") for v in lists] + list(more))
    model(name, [t] + list(more),
          lines + [f"%r = pith.{mnemonic} {values} {{{attributes}}} : ({types}) -> {r}",
                   f"return %r : {r}"], [r])


def movement():
    for element in ["f32", "f16", "i64", "i8", "i1"]:
        for shape, order in [((17, 33), (1, 0)), ((2, 9, 11, 20), (0, 3, 1, 2)),
                             ((2, 20, 9, 11), (0, 2, 3, 1)), ((5, 6, 70), (1, 0, 2)),
                             ((4, 5, 6, 7), (3, 2, 1, 0)), ((3, 300), (1, 0))]:
            op(f"transpose {element} {shape} {order}", "transpose", [tensor(shape, element)],
               tensor([shape[i] for i in order], element), f"permutation = {array(order)}")
        for axis, shapes in [(1, [(3, 20), (3, 7), (3, 1)]), (0, [(3, 20), (1, 20)]),
                             (2, [(2, 3, 64), (2, 3, 16)]), (1, [(3, 0), (3, 4)])]:
            result = list(shapes[0])
            result[axis] = sum(s[axis] for s in shapes)
            op(f"concat {element} {axis} {shapes}", "concat",
               [tensor(s, element) for s in shapes], tensor(result, element),
               f"axis = {axis} : i64")
    t = tensor(("?", "?"))
    op("transpose of dynamic sizes", "transpose", [t], t, f"permutation = {array((1, 0))}",
       {0: sizes(NM, "n", "m")}, NM_RUNS)
    op("concat of dynamic sizes", "concat", [tensor((3, "?"))] * 2, tensor((3, "?")),
       "axis = 1 : i64", {0: sizes(NM, 3, "n"), 1: sizes(NM, 3, "m")}, NM_RUNS)
    a, b = tensor((20, 30)), tensor((30, 20))
    model("transpose between others", [a, b], [
        f"%x = pith.relu %0 : ({a}) -> {a}",
        f"%t = pith.transpose %x {{permutation = {array((1, 0))}}} : ({a}) -> {b}",
        f"%r = pith.add %t, %1 : ({b}, {b}) -> {b}", f"return %r : {b}"], [b])
    wide = tensor((20, 60))
    model("concat between others", [a, a], [
        f"%x = pith.relu %0 : ({a}) -> {a}",
        f"%c = pith.concat %x, %1 {{axis = 1 : i64}} : ({a}, {a}) -> {wide}",
        f"%r = pith.neg %c : ({wide}) -> {wide}", f"return %r : {wide}"], [wide])
    for mode in ["constant", "reflect", "edge", "wrap"]:
        for shape, low, high in [((5, 20), (0, 3), (0, 4)), ((5, 20), (1, 3), (2, 4)),
                                 ((5, 20), (1, 0), (2, 0)), ((7,), (3,), (2,)),
                                 ((5, 20), (0, -3), (0, -4)), ((5, 20), (-1, 2), (2, -4)),
                                 ((5, 20), (0, 18), (0, 0))]:
            result = [x + y + z for x, y, z in zip(shape, low, high)]
            sized(f"pad {mode} {shape} {low} {high}", "pad", shape, [low, high], result,
                  f"mode = #pith.pad_mode<{mode}>")
    sized("pad by a value", "pad", (5, 20), [(1, 3), (2, 4)], (8, 27),
          "mode = #pith.pad_mode<constant>", "i8", [tensor((), "i8")])
    for shape, times in [((3, 5), (2, 3)), ((3, 20), (4, 1)), ((3, 20), (0, 2)), ((1,), (50,))]:
        sized(f"tile {shape} {times}", "tile", shape, [times],
              [x * y for x, y in zip(shape, times)])
    sized("expand", "expand", (3, 1, 20), [(2, 1, 4, 1)], (2, 3, 4, 20))
    for starts, ends, axes, steps, result in [
            ((1, 3), (4, 19), (0, 1), (1, 1), (3, 16)),
            ((-1, -1), (-6, -21), (0, 1), (-1, -1), (5, 20)),
            ((3,), (19,), (1,), (3,), (5, 6)), ((7,), (3,), (1,), (1,), (5, 0))]:
        sized(f"slice {starts} {ends} {steps}", "slice", (5, 20), [starts, ends], result,
              f"axes = {array(axes)}, steps = {array(steps)}")
    for extra in ["", ", column_row_depth"]:
        op(f"depth to space{extra}", "depth_to_space", [tensor((2, 12, 5, 20))],
           tensor((2, 3, 10, 40)), f"block = 2 : i64{extra}")
    op("space to depth", "space_to_depth", [tensor((2, 3, 10, 40))], tensor((2, 12, 5, 20)),
       "block = 2 : i64")
    for axis in (0, 2):
        result = [4, 5, 20]
        result[axis:axis + 1] = [2, 3]
        op(f"gather {axis}", "gather", [tensor((4, 5, 20)), tensor((2, 3), "i64")],
           tensor(result), f"axis = {axis} : i64", {1: between(-4, 3)})
        t = tensor((4, 5, 20))
        op(f"gather elements {axis}", "gather_elements", [t, tensor((4, 5, 20), "i32")], t,
           f"axis = {axis} : i64", {1: between(-4, 3)})
    op("gather outside", "gather", [tensor((4, 20)), tensor((1,), "i64")], tensor((1, 20)),
       "axis = 0 : i64", {1: between(4, 6)}, "test.fails")
    for batch, shape, indices, result in [(0, (4, 5, 20), (3, 2), (3, 20)),
                                          (1, (4, 5, 20), (4, 3, 1), (4, 3, 20)),
                                          (2, (4, 5, 20), (4, 5, 1), (4, 5))]:
        op(f"gather nd {batch}", "gather_nd", [tensor(shape), tensor(indices, "i64")],
           tensor(result), f"batch_dims = {batch} : i64", {1: between(-4, 3)})
    for k in (-2, 3):
        op(f"trilu {k}", "trilu", [tensor((2, 5, 20))], tensor((2, 5, 20)),
           f"k = {k} : i64, upper")
    op("reverse sequence", "reverse_sequence", [tensor((4, 5, 20)), tensor((5,), "i64")],
       tensor((4, 5, 20)), "batch_axis = 1 : i64, time_axis = 0 : i64", {1: between(1, 4)})
    for values in [(2, 50, 3), (50, 2, -7), (50, 2, 7)]:
        extras = {i: f"test.values = [{v}]" for i, v in enumerate(values)}
        op(f"range {values}", "range", [tensor((), "i32")] * 3, tensor(("?",), "i32"), "",
           extras)
    op("range without step", "range", [tensor((), "i32")] * 3, tensor(("?",), "i32"), "",
       {2: "test.values = [0]"}, "test.fails")


# --- Elementwise -----------------------------------------------------------------------


def elementwise():
    ranges = {"sqrt": (0.0, 9.0), "log": (0.001, 9.0), "asin": (-1.0, 1.0),
              "acos": (-1.0, 1.0), "acosh": (1.0, 9.0), "atanh": (-0.99, 0.99),
              "reciprocal": (0.1, 3.0), "tan": (-1.5, 1.5)}
    names = """ceil floor round sqrt reciprocal exp log sin cos tan asin acos atan sinh cosh
        tanh asinh acosh atanh erf sigmoid softplus softsign hard_swish mish abs neg sign relu
        leaky_relu elu selu celu hard_sigmoid thresholded_relu swish shrink gelu""".split()
    for name in names:
        for element in ["f32", "f16", "f64"]:
            t = tensor((3, 37), element)
            op(f"{name} of {element}", name, [t], t, "",
               {0: between(*ranges.get(name, (-4.0, 4.0)))},
               "test.bound = 2.0e-3" if name == "tan" and element == "f32" else "")
    types = ["i1", "i8", "i32", "i64", "ui8", "ui64", "f16", "bf16", "f32", "f64"]
    for source in types:
        for target in types:
            if source == target:
                continue
            limits = (0, 1) if source == "i1" else (0, 100) if source[0] == "u" else (-100, 100)
            if source[0] in "fb":
                limits = (0.0, 100.0)
            op(f"cast {source} {target}", "cast", [tensor((37,), source)],
               tensor((37,), target), "", {0: between(*limits)})
    for name in ["add", "sub", "mul", "div", "min", "max", "pow", "mod"]:
        for element in ["f32", "f16", "i32", "ui8"]:
            if name == "mod" and element[0] == "f":
                continue
            limits = [(0.1, 3.0), (0.5, 3.0)] if element[0] == "f" else [(0, 7), (1, 4)]
            op(f"{name} of {element}", name, [tensor((3, 37), element), tensor((37,), element)],
               tensor((3, 37), element), "", {i: between(*l) for i, l in enumerate(limits)})
    op("add of broadcast sizes", "add", [tensor((3, 1, 20)), tensor((5, 1))],
       tensor((3, 5, 20)))
    op("add of dynamic sizes", "add", [tensor(("?", "?")), tensor(("?",))],
       tensor(("?", "?")), "", {0: sizes(NM, "n", "m"), 1: sizes(NM, 1)}, NM_RUNS)


GROUPS = [products, attention, interpolation, pooling, norms, reductions, indexing, movement,
          elementwise]

if __name__ == "__main__":
    for group in GROUPS:
        GROUP[0] = group.__name__
        group()
    with open(sys.argv[1], "w", encoding="utf-8") as file:
        file.write("\n// -----\n\n".join(CASES))
