//===- Passes.td - Passes that round to codebooks -------------------------===//
//
// Part of Pith, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
#ifndef PITH_COMPRESSION_CODEBOOK_PASSES_TD
#define PITH_COMPRESSION_CODEBOOK_PASSES_TD

include "pith/Compression/PassOptions.td"

def QuantizeToCodebookPass : Pith_CompressionPass<"pith-quantize-to-codebook"> {
  let summary = "replaces float weights by codes that index a table of values";
  let description = [{
    Every element becomes the nearest entry of a codebook C, per group `w` of a
    weight (along the flattened reduction axes of one output; or one output; or
    the whole tensor) with a scale `s`:

        w' = C[q] · s,  q = argmin |w / s − C[q]|     (ties to the even code)

    | codebook | entries |
    |--|--|
    | `nf` | NormalFloat of `bits`: quantiles of the normal distribution, and 0 (Dettmers et al., "QLoRA", 2023); `nf4` in recipes |
    | `fp4`, `e3m0` | floats of 4 bits: e2m1, e3m0 |
    | `mxfp4`, `mxfp6-e2m3`, `mxfp6-e3m2`, `mxfp8-e4m3`, `mxfp8-e5m2` | OCP Microscaling Formats 1.0: groups of 32, scales of type e8m0 |
    | `ternary` | −1, 0, 1 |
    | `kmeans` | learnt from each weight: k-means++ and Lloyd's iterations over w / s, each weighted by s² (Han et al., "Deep Compression", 2015) |

    More than 16 entries are stored as bf16, which those of microscaling formats are
    exactly; up to 16 learnt ones as f16.

    `symmetry=mirrored` learns magnitudes, half as many, and the highest bit of a code
    negates: half of the table is enough to look values up, which is faster at 8 bits.
    `auto` does so at 8 bits for weights that are not stored sparsely, if the squared error
    grows by no more than a tenth (0.4 dB).

    The scale takes max|w| to the greatest entry; that of a microscaling format is
    2^(⌊log₂ max|w|⌋ − e), where 2^e is the greatest power of two among the
    entries, and elements beyond the greatest entry saturate.
    `search=mse` tries further scales and keeps the one with the least squared
    error: smaller ones, negative ones where the codebook is not symmetric, and
    the least-squares scale Σwc / Σc² of the best entries; for e8m0 twice, half
    and a quarter of it. A learnt codebook is learnt again for the scales found. `auto`
    searches, but for microscaling formats.

    `scale-type=u8` stores scales in two levels, as codes of 8 bits times one f32
    scale per output (the double quantization of QLoRA, without its mean).

    A weight that is stored sparsely stays sparse: its codes are what is stored,
    entry 0 is 0 (a learnt codebook is learnt from the other elements). The
    sparse form is given up where dense codes take no more bytes. Weights that
    are codes already stay as they are.

    Requires: `pith` IR; weights are constants or sparse forms of constants.
    Ensures: each selected weight is a `pith.codebook_decode` and carries
    `pith.error` (dB); remarks name the others and say why.
  }];
  let options = !listconcat([
    Option<"codebook", "codebook", "::pith::CodebookKind",
      "::pith::CodebookKind::NormalFloat", "What codes stand for",
      [{::llvm::cl::values(
        clEnumValN(::pith::CodebookKind::NormalFloat, "nf", "NormalFloat"),
        clEnumValN(::pith::CodebookKind::Fp4, "fp4", "e2m1"),
        clEnumValN(::pith::CodebookKind::E3M0, "e3m0", "signed powers of two"),
        clEnumValN(::pith::CodebookKind::Mxfp4, "mxfp4", "e2m1, OCP MX"),
        clEnumValN(::pith::CodebookKind::Mxfp6E2M3, "mxfp6-e2m3", "e2m3, OCP MX"),
        clEnumValN(::pith::CodebookKind::Mxfp6E3M2, "mxfp6-e3m2", "e3m2, OCP MX"),
        clEnumValN(::pith::CodebookKind::Mxfp8E4M3, "mxfp8-e4m3", "e4m3, OCP MX"),
        clEnumValN(::pith::CodebookKind::Mxfp8E5M2, "mxfp8-e5m2", "e5m2, OCP MX"),
        clEnumValN(::pith::CodebookKind::Ternary, "ternary", "-1, 0 and 1"),
        clEnumValN(::pith::CodebookKind::KMeans, "kmeans", "learnt"))}]>,
    Option<"bits", "bits", "unsigned", "0",
      "Bits per code of nf (2 to 8) and kmeans (1 to 8); 0: 4, or the codebook's own">,
    Option<"granularity", "granularity", "::pith::CodebookGranularity",
      "::pith::CodebookGranularity::Group", "What shares a scale",
      [{::llvm::cl::values(
        clEnumValN(::pith::CodebookGranularity::Tensor, "per-tensor", "the weight"),
        clEnumValN(::pith::CodebookGranularity::Channel, "per-channel", "an output"),
        clEnumValN(::pith::CodebookGranularity::Group, "group",
                   "group-size elements of an output"))}]>,
    Option<"groupSize", "group-size", "int64_t", "0",
      "Elements per group along the reduction, 16 to 256; 0: 64, or 32 for OCP MX">,
    Option<"scaleType", "scale-type", "::pith::CodebookScaleType",
      "::pith::CodebookScaleType::Auto", "Type of the scales",
      [{::llvm::cl::values(
        clEnumValN(::pith::CodebookScaleType::Auto, "auto", "f16, or e8m0 for OCP MX"),
        clEnumValN(::pith::CodebookScaleType::F16, "f16", "half precision"),
        clEnumValN(::pith::CodebookScaleType::F32, "f32", "single precision"),
        clEnumValN(::pith::CodebookScaleType::E8M0, "e8m0", "powers of two, in a byte"),
        clEnumValN(::pith::CodebookScaleType::TwoLevel, "u8",
                   "bytes, times an f32 scale per output"))}]>,
    Option<"search", "search", "::pith::CodebookSearch",
      "::pith::CodebookSearch::Auto", "How scales are found",
      [{::llvm::cl::values(
        clEnumValN(::pith::CodebookSearch::Auto, "auto", "mse, but none for OCP MX"),
        clEnumValN(::pith::CodebookSearch::None, "none", "by the largest element"),
        clEnumValN(::pith::CodebookSearch::Mse, "mse", "least squared error"))}]>,
    Option<"symmetry", "symmetry", "::pith::CodebookSymmetry",
      "::pith::CodebookSymmetry::Auto", "Form of the codebooks of kmeans",
      [{::llvm::cl::values(
        clEnumValN(::pith::CodebookSymmetry::Auto, "auto",
                   "mirrored at 8 bits where that costs little"),
        clEnumValN(::pith::CodebookSymmetry::None, "none", "any entries"),
        clEnumValN(::pith::CodebookSymmetry::Mirrored, "mirrored",
                   "magnitudes, and the sign in the highest bit"))}]>
  ], selectionOptions);
}

def QuantizeToVectorsPass : Pith_CompressionPass<"pith-quantize-to-vectors"> {
  let summary = "replaces runs of weights by codes that index a table of vectors";
  let description = [{
    Every `vector` consecutive elements along the flattened reduction axes of an output
    become one code of `bits` bits, which indexes a table C of vectors of 8-bit integers
    that is learnt for the weight; an output has one scale s:

        w'[r, k] = C[q[r, ⌊k / vector⌋], k mod vector] · s[r]

    `bits` / `vector` bits per element, and the table. Without a profile C is a k-means
    of the runs over their rows' root mean squares (k-means++ and Lloyd's iterations;
    Stock et al., "And the Bit Goes Down", 2020), else weighted by the inputs' energy.
    With the Gram matrix G of the activation the error that is made small is
    tr((W − W') G (W − W')ᵀ): codes are found run after run, each making up for the
    errors before it (van Baalen et al., "GPTVQ", 2024), then `sweeps` turns follow of
    coordinate descent over the codes, least-squares vectors (conjugate gradients, for
    weights of up to 2·10⁹ outputs · K²) and least-squares scales (in kind as Egiazarian
    et al., "AQLM", 2024).

    Requires: `pith` IR; weights are constants.
    Ensures: each selected weight is a `pith.vector_decode` and carries `pith.error`
    (dB); remarks name the others and say why.
  }];
  let options = !listconcat([
    Option<"vector", "vector", "int64_t", "4", "Elements per vector, 2 to 8">,
    Option<"bits", "bits", "unsigned", "0",
      "Bits per code, 2 to 8; 0: as pith-choose-bits chose per element, or the most, up "
      "to 8, whose table takes at most a quarter of what codes take">,
    Option<"sweeps", "sweeps", "unsigned", "4",
      "Turns of descent and least squares, with a Gram matrix">
  ], selectionOptions);
}

def QuantizeGptvqPass : Pith_CompressionPass<"pith-quantize-gptvq"> {
  let summary = "learns the codebook of each weight by the error of the layer's output";
  let description = [{
    Codes q, a codebook C of 2^b numbers per weight, and scales s per output (or group of
    `group-size` elements), such that with the Gram matrix G of the activation

        tr((W − W') G (W − W')ᵀ),   w' = C[q] · s

    is small. C begins as the weighted k-means of w / s; codes are found by error
    feedback in the order of falling energy of the inputs (van Baalen et al., "GPTVQ",
    2024, with codebooks of numbers; Frantar et al., "GPTQ", 2022); then `sweeps` turns of
    coordinate descent over the codes, least-squares scales and least-squares entries of
    C, none of which makes the error greater but for the rounding of scales and entries
    to f16.

    `damping` is added to the diagonal of G for the feedback, as a part of its mean, and
    made greater where G has no Cholesky decomposition.

    Requires: `pith` IR, ops with `pith.statistics`; weights are constants.
    Ensures: each selected weight is a `pith.codebook_decode` and carries `pith.error`
    (dB); remarks name the others and say why.
  }];
  let options = !listconcat([
    Option<"bits", "bits", "unsigned", "0",
      "Bits per code, 1 to 8; 0: as pith-choose-bits chose, or 4">,
    Option<"maxBits", "max-bits", "unsigned", "8",
      "Weights for which more bits were chosen stay as they are, for a later pass">,
    Option<"groupSize", "group-size", "int64_t", "0",
      "Elements per scale along the reduction, 16 to 256; 0: one scale per output">,
    Option<"sweeps", "sweeps", "unsigned", "5", "Turns of descent and least squares">,
    Option<"damping", "damping", "double", "0.01",
      "Part of the mean diagonal added for the error feedback, above 0 to 1">
  ], selectionOptions);
}

#endif // PITH_COMPRESSION_CODEBOOK_PASSES_TD
