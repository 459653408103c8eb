/*===- pith/Runtime/Model.h - What generated code and the runtime share ----===*
 *
 * Part of Pith, under the Apache License v2.0 with LLVM Exceptions.
 * SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
 *
 *===----------------------------------------------------------------------===*
 *
 * The contract between a compiled model and the runtime linked beside it. A
 * compiled model is one constant `pith_model` plus the functions it points to;
 * everything that changes while it runs lives in a `pith_instance`.
 *
 * This header is C11, and depends on libc alone.
 *
 *===----------------------------------------------------------------------===*/
#ifndef PITH_RUNTIME_MODEL_H
#define PITH_RUNTIME_MODEL_H

#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

/* Raised whenever a struct of this header changes its layout. */
#define PITH_ABI_VERSION 1

/* The largest rank a model input or output may have. */
#define PITH_MAX_RANK 16

/* Element types of model inputs and outputs. Values are part of the ABI. */
typedef enum pith_dtype {
  PITH_BOOL = 0, /* one byte, 0 or 1 */
  PITH_INT8 = 1,
  PITH_INT16 = 2,
  PITH_INT32 = 3,
  PITH_INT64 = 4,
  PITH_UINT8 = 5,
  PITH_UINT16 = 6,
  PITH_UINT32 = 7,
  PITH_UINT64 = 8,
  PITH_FLOAT16 = 9,
  PITH_FLOAT32 = 10,
  PITH_FLOAT64 = 11,
  PITH_BFLOAT16 = 12 /* travels as uint16 in NPY files */
} pith_dtype;

/* One model input or output. `dims[i] >= 0` is a static size; `dims[i] < 0`
 * names the symbol `-1 - dims[i]` of `pith_model.symbols`: equal symbols must
 * have equal sizes in one run. For outputs INT64_MIN means a size that is known
 * only after the run. */
typedef struct pith_value_desc {
  const char *name; /* the ONNX name, UTF-8 */
  int32_t dtype;    /* pith_dtype */
  int32_t rank;
  const int64_t *dims;
} pith_value_desc;

/* One constant held by the program, for --info. */
typedef struct pith_weight_desc {
  const char *name;   /* the ONNX name of the tensor */
  const char *format; /* for people: "f32", "int4 g32 f16", … */
  int32_t rank;
  const int64_t *dims; /* of the dense tensor */
  int64_t bytes;       /* stored bytes, padding aside */
} pith_weight_desc;

/* A tensor in memory: dense, row major. `data` is aligned to 64 bytes when the
 * runtime made it; callers' buffers may have the alignment of their element. */
typedef struct pith_buffer {
  void *data;
  int64_t dims[PITH_MAX_RANK];
} pith_buffer;

struct pith_instance; /* opaque: threads, arena, outputs, error text */

/* A job of a parallel loop: does the work items [lo, hi) of `context`. */
typedef void (*pith_task)(const void *context, int64_t lo, int64_t hi);

typedef struct pith_model {
  uint32_t abi_version; /* PITH_ABI_VERSION */
  uint32_t reserved;
  const char *name;
  int64_t num_inputs, num_outputs, num_symbols, num_weights;
  const pith_value_desc *inputs;
  const pith_value_desc *outputs;
  const char *const *symbols; /* names of symbolic sizes, such as "batch" */
  const pith_weight_desc *weights;
  int64_t weight_bytes;   /* all constants the program holds, padding aside */
  int64_t parameters;     /* float weights of the model before compression */
  int64_t arena_bytes;    /* planned memory for tensors of static size */
  const char *cpu;        /* what it was compiled for, such as "x86-64-v4" */
  const char *cpu_features; /* comma-separated features the CPU must have, in
                               LLVM's names: "avx2,fma,avx512f" */
  const char *compiler;   /* "pith 0.1.0" */
  const void *weights_data; /* start of the packed constants; page aligned */
  int64_t weights_size;     /* with padding */
  /* Runs once. `inputs[i].dims` are checked by the runtime against the
   * descriptors before; `symbols[s]` are the sizes found. Returns 0, or what
   * pith_rt_fail returned. Outputs are made by pith_rt_output. */
  int32_t (*run)(struct pith_instance *instance, const pith_buffer *inputs,
                 const int64_t *symbols);
} pith_model;

/*===----------------------------------------------------------------------===*
 * Called by generated code, implemented by the runtime.
 *===----------------------------------------------------------------------===*/

/* The planned arena of `pith_model.arena_bytes`, aligned to 64 bytes. */
void *pith_rt_arena(struct pith_instance *instance);

/* Memory for a tensor whose size is known only now, aligned to 64 bytes, kept
 * by the instance for reuse. A null result has already set the error. */
void *pith_rt_alloc(struct pith_instance *instance, int64_t bytes);
void pith_rt_free(struct pith_instance *instance, void *pointer);

/* The buffer for output `index` with the given sizes, aligned to 64 bytes,
 * valid until the next run or the end of the instance. Null: error is set. */
void *pith_rt_output(struct pith_instance *instance, int64_t index,
                     int64_t rank, const int64_t *dims);

/* Runs task(context, lo, hi) over [0, count), in pieces of at least `grain`
 * items; returns when all are done. Work items may run in any order and on any
 * thread; results must not depend on the cut. */
void pith_rt_parallel_for(struct pith_instance *instance, pith_task task,
                          const void *context, int64_t count, int64_t grain);

/* Sets the error text (`node` may be null) and returns a non-zero status. */
int32_t pith_rt_fail(struct pith_instance *instance, const char *node,
                     const char *message);
/* The same with two numbers: "<message>: expected <a>, found <b>". */
int32_t pith_rt_fail_size(struct pith_instance *instance, const char *node,
                          const char *message, int64_t expected,
                          int64_t found);
/* Set by kernels that meet a bad run-time value, such as an index out of
 * range; may be called from any thread. The first one is kept; the run fails
 * when the current parallel loop has ended. */
void pith_rt_trap(struct pith_instance *instance, const char *node,
                  const char *message, int64_t value);
/* Non-zero if a trap was set since the run began. */
int32_t pith_rt_trapped(struct pith_instance *instance);

#ifdef __cplusplus
}
#endif
#endif /* PITH_RUNTIME_MODEL_H */
