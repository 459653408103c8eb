/*===- classify.c - Runs a compiled model from C ---------------------------===*
 *
 * Part of Pith, under the Apache License v2.0 with LLVM Exceptions.
 * SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
 *
 *===----------------------------------------------------------------------===*
 *
 * Reads pictures of digits, 8 lines of 8 characters each (space is white, '.' and
 * '+' are greys, anything else is ink), from standard input, and prints for each
 * what the network sees and its scores. README.md tells how to build it.
 *
 *===----------------------------------------------------------------------===*/

#include "digits.h" /* written by pithc beside the library */

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { SIDE = 8, PIXELS = SIDE * SIDE, MAX_PICTURES = 64, DIGITS = 10 };

static float ink(char c) {
  switch (c) {
  case ' ':
    return 0.0f;
  case '.':
    return 0.25f;
  case '+':
    return 0.6f;
  default:
    return 1.0f;
  }
}

/* Returns the number of whole pictures. */
static int64_t read_pictures(FILE *file, float *pixels) {
  char line[256];
  int64_t rows = 0;
  while (rows < MAX_PICTURES * SIDE && fgets(line, sizeof line, file)) {
    line[strcspn(line, "\n")] = '\0';
    size_t length = strlen(line);
    for (size_t x = 0; x < SIDE; ++x)
      pixels[rows * SIDE + x] = x < length ? ink(line[x]) : 0.0f;
    ++rows;
  }
  return rows / SIDE;
}

static void print_scores(const float *logits) {
  int best = 0;
  for (int digit = 1; digit < DIGITS; ++digit)
    if (logits[digit] > logits[best])
      best = digit;
  printf("%d:", best);
  for (int digit = 0; digit < DIGITS; ++digit)
    printf(" %.3f", logits[digit]);
  putchar('\n');
}

int main(void) {
  static float pixels[MAX_PICTURES * PIXELS];
  int64_t pictures = read_pictures(stdin, pixels);

  char error[256];
  pith_instance *model = pith_create(digits_get(), /*threads=*/1, error, sizeof error);
  if (!model) {
    fprintf(stderr, "cannot use the model: %s\n", error);
    return EXIT_FAILURE;
  }

  int64_t sizes[4] = {pictures, 1, SIDE, SIDE};
  int status = EXIT_FAILURE;
  if (pith_set_input(model, "image", pixels, sizes) == 0 && pith_run(model) == 0) {
    const float *logits = pith_get_output(model, "logits", NULL);
    for (int64_t i = 0; i < pictures; ++i)
      print_scores(logits + i * DIGITS);
    status = EXIT_SUCCESS;
  } else {
    fprintf(stderr, "cannot run the model: %s\n", pith_error_text(model));
  }
  pith_destroy(model);
  return status;
}
