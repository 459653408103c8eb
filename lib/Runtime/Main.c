/*===- Main.c - main of a compiled program ===*
 *
 * Part of Pith, under the Apache License v2.0 with LLVM Exceptions.
 * SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
 *
 *===----------------------------------------------------------------------===*
 *
 * Reads the command line. Linked only into executables: the generated object names
 * the model by pith_main_model.
 *
 *===----------------------------------------------------------------------===*/

#include "Command.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

extern const pith_model *const pith_main_model;

int command_error(const char *format, ...) {
  va_list list;
  va_start(list, format);
  fputs("error: ", stderr);
  vfprintf(stderr, format, list);
  fputc('\n', stderr);
  va_end(list);
  return EXIT_WRONG_INPUT;
}

static void print_value(FILE *out, const pith_model *model, const pith_value_desc *value) {
  fprintf(out, "  %s  %s [", value->name, pith_dtype_name(value->dtype));
  for (int32_t axis = 0; axis < value->rank; ++axis) {
    int64_t size = value->dims[axis];
    fputs(axis ? ", " : "", out);
    if (size >= 0)
      fprintf(out, "%lld", (long long)size);
    else if (size == INT64_MIN)
      fputs("?", out);
    else
      fputs(model->symbols[-1 - size], out);
  }
  fputs("]\n", out);
}

static void print_help(const pith_model *model, const char *program) {
  printf("usage: %s --input [NAME=]FILE.npy … --output [NAME=]FILE.npy …\n"
         "       %s --inputs DIR|FILE.npz --outputs DIR\n"
         "       %s --bench=SECONDS [--input …] [--shape NAME:2x3]\n"
         "       %s --check REF.npz [--rtol=R] [--atol=A]\n"
         "       %s --info [--json]\n\n"
         "A compiled model: %s\n\nInputs:\n",
         program, program, program, program, program, model->name);
  for (int64_t i = 0; i < model->num_inputs; ++i)
    print_value(stdout, model, &model->inputs[i]);
  puts("\nOutputs:");
  for (int64_t i = 0; i < model->num_outputs; ++i)
    print_value(stdout, model, &model->outputs[i]);
  puts("\nOptions:\n"
       "  --input [NAME=]FILE.npy   an input; the name may be left out if there is one\n"
       "  --output [NAME=]FILE.npy  where an output goes\n"
       "  --inputs DIR|FILE.npz     inputs as NAME.npy (percent-escaped as in a URL), or\n"
       "                            folders 0, 1, 2, … of them: one run each\n"
       "  --outputs DIR             where outputs go, as NAME.npy\n"
       "  --bench=SECONDS           run repeatedly; prints min_us, median_us and runs\n"
       "  --shape NAME:2x3          sizes of an input for --bench without a file\n"
       "  --seed=N                  of random inputs\n"
       "  --check REF.npz           compare with stored outputs\n"
       "  --rtol=R --atol=A         tolerances of --check (default 1e-3 and 1e-4)\n"
       "  --threads=N               threads (default: all that this process may use)\n"
       "  --info [--json]           what the program holds\n"
       "  --version, --help\n\n"
       "Exit codes: 0 done, 1 wrong input, 2 wrong usage, 3 this CPU cannot run it.");
}

/* Adds "NAME=FILE", split at the last '=' whose left side is a known name. */
static int add_file(command_file **list, int *count, char *text,
                    int64_t (*find)(const pith_model *, const char *),
                    const pith_model *model) {
  command_file *more = realloc(*list, sizeof(**list) * (size_t)(*count + 1));
  if (!more)
    return command_error("out of memory");
  *list = more;
  command_file *file = &more[(*count)++];
  file->name = NULL;
  file->path = text;
  for (char *at = strchr(text, '='); at; at = strchr(at + 1, '=')) {
    *at = 0;
    if (find(model, text) >= 0) {
      file->name = text;
      file->path = at + 1;
      return 0;
    }
    *at = '=';
  }
  char *equal = strchr(text, '=');
  if (equal) {
    *equal = 0;
    file->name = text; /* unknown: reported when used */
    file->path = equal + 1;
  }
  return 0;
}

static int usage(const char *program, const char *message, const char *what) {
  fprintf(stderr, "error: %s '%s' (see %s --help)\n", message, what, program);
  return EXIT_USAGE;
}

int main(int argc, char **argv) {
  const pith_model *model = pith_main_model;
  command c = {.model = model, .bench = -1, .rtol = 1e-3, .atol = 1e-4, .seed = 1};
  static const char *const with_value[] = {"input",  "output",  "inputs", "outputs",
                                           "bench",  "shape",   "seed",   "check",
                                           "rtol",   "atol",    "threads"};
  int status = 0;
  for (int i = 1; i < argc && !status; ++i) {
    char *option = argv[i], *value = NULL;
    if (strncmp(option, "--", 2))
      return usage(argv[0], "unexpected argument", option);
    option += 2;
    size_t length = strcspn(option, "=");
    int takes = 0;
    for (size_t k = 0; k < sizeof with_value / sizeof with_value[0]; ++k)
      takes |= strlen(with_value[k]) == length && !memcmp(with_value[k], option, length);
    if (takes) {
      if (option[length] == '=')
        value = option + length + 1;
      else if (i + 1 < argc)
        value = argv[++i];
      else
        return usage(argv[0], "expected a value after", option - 2);
    } else if (option[length] == '=') {
      return usage(argv[0], "unknown option", option - 2);
    }
#define IS(name) (strlen(name) == length && !memcmp(option, name, length))
    char *end = "";
    if (IS("help")) {
      print_help(model, argv[0]);
      return 0;
    } else if (IS("version")) {
      printf("%s, compiled by %s for %s\n", model->name, model->compiler, model->cpu);
      return 0;
    } else if (IS("info")) {
      c.info = 1;
    } else if (IS("json")) {
      c.json = 1;
    } else if (IS("input")) {
      status = add_file(&c.inputs, &c.num_inputs, value, pith_find_input, model);
    } else if (IS("output")) {
      status = add_file(&c.outputs, &c.num_outputs, value, pith_find_output, model);
    } else if (IS("inputs")) {
      c.inputs_from = value;
    } else if (IS("outputs")) {
      c.outputs_to = value;
    } else if (IS("check")) {
      c.check = value;
    } else if (IS("shape")) {
      command_file *more = realloc(c.shapes, sizeof(*more) * (size_t)(c.num_shapes + 1));
      char *colon = strrchr(value, ':');
      if (!more)
        return command_error("out of memory");
      c.shapes = more;
      if (colon)
        *colon = 0;
      more[c.num_shapes].name = colon ? value : NULL;
      more[c.num_shapes++].path = colon ? colon + 1 : value;
    } else if (IS("bench")) {
      c.bench = strtod(value, &end);
    } else if (IS("rtol")) {
      c.rtol = strtod(value, &end);
    } else if (IS("atol")) {
      c.atol = strtod(value, &end);
    } else if (IS("seed")) {
      c.seed = strtoull(value, &end, 10);
    } else if (IS("threads")) {
      long threads = strtol(value, &end, 10);
      if (threads < 1)
        return usage(argv[0], "expected a number of threads above 0, found", value);
      c.threads = threads > PITH_MAX_THREADS ? PITH_MAX_THREADS : (int)threads;
    } else {
      return usage(argv[0], "unknown option", option - 2);
    }
    if (*end)
      return usage(argv[0], "expected a number, found", value);
  }
  if (status)
    return status;
  if (c.info)
    return command_info(&c);
  char error[1024];
  if (pith_missing_features(model, error, sizeof error)) {
    fprintf(stderr, "error: this CPU lacks what the program was compiled for (%s): %s\n",
            model->cpu, error);
    return EXIT_CPU;
  }
  c.instance = pith_create(model, c.threads, error, sizeof error);
  if (!c.instance)
    return command_error("%s", error);
  if (c.check)
    status = command_check(&c);
  else if (c.bench >= 0)
    status = command_bench(&c);
  else if (argc == 1 && model->num_inputs) {
    print_help(model, argv[0]);
    status = EXIT_USAGE;
  } else
    status = command_run(&c);
  pith_destroy(c.instance);
  free(c.inputs);
  free(c.outputs);
  free(c.shapes);
  return status;
}
