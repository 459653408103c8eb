/*===- pith/Runtime/pith.h - Running compiled models from C ----------------===*
 *
 * Part of Pith, under the Apache License v2.0 with LLVM Exceptions.
 * SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
 *
 *===----------------------------------------------------------------------===*
 *
 * The C interface of compiled models. Nothing here is global: instances are
 * independent of each other, and may be used by different threads at the same
 * time; one instance by one thread at a time. Functions that return int return 0
 * on success; the text of an error is kept in the instance.
 *
 *   pith_instance *m = pith_create(mymodel_get(), 0, NULL, 0);
 *   pith_set_input(m, "x", x, dims);
 *   if (pith_run(m)) puts(pith_error_text(m));
 *   const float *y = pith_get_output(m, "y", dims);
 *   pith_destroy(m);
 *
 *===----------------------------------------------------------------------===*/
#ifndef PITH_RUNTIME_PITH_H
#define PITH_RUNTIME_PITH_H

#include "pith/Runtime/Model.h"

#ifdef __cplusplus
extern "C" {
#endif

#if defined(__GNUC__)
#define PITH_API __attribute__((visibility("default")))
#else
#define PITH_API
#endif

typedef struct pith_instance pith_instance;

/* Makes an instance with `threads` threads (0: as many as this process may use).
 * Returns null on failure, with the reason in `error` (of `error_bytes`, may be
 * null). Checks that this CPU has what the model was compiled for. */
PITH_API pith_instance *pith_create(const pith_model *model, int threads, char *error,
                                    size_t error_bytes);
PITH_API void pith_destroy(pith_instance *instance);

/* Names, element types and sizes are in the model's description. Returns the
 * index of the input or output with this name, or -1. */
PITH_API int64_t pith_find_input(const pith_model *model, const char *name);
PITH_API int64_t pith_find_output(const pith_model *model, const char *name);

/* Bytes of one element of a pith_dtype; 0 if there is no such type. */
PITH_API size_t pith_dtype_size(int32_t dtype);
PITH_API const char *pith_dtype_name(int32_t dtype);

/* Lends a dense, row-major buffer to the instance until the next run has ended.
 * `dims` has as many entries as the input's rank. */
PITH_API int pith_set_input(pith_instance *instance, const char *name, const void *data,
                            const int64_t *dims);
/* Runs on the inputs that were set. */
PITH_API int pith_run(pith_instance *instance);
/* An output of the last run, valid until the next: its sizes go to `dims` (room
 * for the output's rank; may be null). Null if there is none. */
PITH_API const void *pith_get_output(pith_instance *instance, const char *name,
                                     int64_t *dims);
/* The same by index. */
PITH_API int pith_set_input_at(pith_instance *instance, int64_t index, const void *data,
                               const int64_t *dims);
PITH_API const void *pith_get_output_at(pith_instance *instance, int64_t index,
                                        int64_t *dims);

/* What went wrong last; empty if nothing did. */
PITH_API const char *pith_error_text(const pith_instance *instance);

/* Comma-separated features that this CPU lacks for the model; empty if none.
 * Writes at most `bytes` to `missing`, and returns their number. */
PITH_API int pith_missing_features(const pith_model *model, char *missing, size_t bytes);

#ifdef __cplusplus
}
#endif
#endif /* PITH_RUNTIME_PITH_H */
