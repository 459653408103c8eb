/*===- Command.c - The command line of a compiled program ===*
 *
 * Part of Pith, under the Apache License v2.0 with LLVM Exceptions.
 * SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
 *
 *===----------------------------------------------------------------------===*
 *
 * Reads options and does what they ask for. Also used by pith-run, for models that
 * never became a file.
 *
 *===----------------------------------------------------------------------===*/

#define _GNU_SOURCE
#include "Command.h"

#include <errno.h>
#include <math.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

int command_error(const char *format, ...) {
  va_list list;
  va_start(list, format);
  char *text = NULL;
  if (vasprintf(&text, format, list) < 0)
    text = NULL;
  va_end(list);
  fputs("error: ", stderr);
  command_print_text(stderr, text ? text : format); /* names are the model's */
  fputc('\n', stderr);
  free(text);
  return EXIT_WRONG_INPUT;
}

/*===----------------------------------------------------------------------===*
 * --help
 *===----------------------------------------------------------------------===*/

void command_print_value(FILE *out, const pith_model *model, const pith_value_desc *value) {
  fputs("  ", out);
  command_print_text(out, value->name);
  fprintf(out, "  %s%s [", pith_dtype_name(value->dtype),
          value->dtype == PITH_BFLOAT16 ? " (uint16 in NPY files)" : "");
  for (int32_t axis = 0; axis < value->rank; ++axis) {
    int64_t size = value->dims[axis];
    fputs(axis ? ", " : "", out);
    if (size >= 0)
      fprintf(out, "%lld", (long long)size);
    else if (size == INT64_MIN)
      fputs("?", out);
    else
      command_print_text(out, model->symbols[-1 - size]);
  }
  fputs("]\n", out);
}

void command_print_text(FILE *out, const char *text) {
  for (const unsigned char *p = (const unsigned char *)text; *p; ++p)
    fputc(*p < 32 || *p == 127 ? '?' : *p, out);
}

static int print_help(const pith_model *model, const char *program) {
  printf("usage: %s --input [NAME=]FILE.npy … --output [NAME=]FILE.npy …\n"
         "       %s --inputs DIR|FILE.npz --outputs DIR\n"
         "       %s --bench=SECONDS [--input …] [--shape NAME:2x3]\n"
         "       %s --check REF.npz [--rtol=R] [--atol=A]\n"
         "       %s --info [--json]\n\n"
         "A compiled model: ",
         program, program, program, program, program);
  command_print_text(stdout, model->name);
  puts("\n\nInputs:");
  for (int64_t i = 0; i < model->num_inputs; ++i)
    command_print_value(stdout, model, &model->inputs[i]);
  puts("\nOutputs:");
  for (int64_t i = 0; i < model->num_outputs; ++i)
    command_print_value(stdout, model, &model->outputs[i]);
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
       "  --profile=FILE            (of programs made with --instrument) where statistics\n"
       "                            of all runs go\n"
       "  --threads=N               threads (default: all that this process may use)\n"
       "  --info [--json]           what the program holds\n"
       "  --version, --help\n\n"
       "Exit codes: 0 done, 1 wrong input, 2 wrong usage, 3 this CPU cannot run it.");
  return 0;
}

/*===----------------------------------------------------------------------===*
 * Options
 *===----------------------------------------------------------------------===*/

static int usage(const command *c, const char *message, const char *what) {
  fprintf(stderr, "error: %s '%s' (see %s --help)\n", message, what, c->program);
  return EXIT_USAGE;
}

/* A new entry at the end of a list, or null. */
static command_file *add_entry(command_file **list, int *count) {
  command_file *more = realloc(*list, sizeof(**list) * (size_t)(*count + 1));
  if (!more) {
    command_error("out of memory");
    return NULL;
  }
  *list = more;
  return &more[(*count)++];
}

/* Adds "NAME=FILE", split at the first '=' whose left side is a known name. */
static int add_file(command_file **list, int *count, char *text,
                    int64_t (*find)(const pith_model *, const char *),
                    const pith_model *model) {
  command_file *file = add_entry(list, count);
  if (!file)
    return 1;
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

/* NAME:2x3, or 2x3 for the only input. */
static int add_shape(command *c, char *text) {
  command_file *shape = add_entry(&c->shapes, &c->num_shapes);
  if (!shape)
    return 1;
  char *colon = strrchr(text, ':');
  if (colon)
    *colon = 0;
  shape->name = colon ? text : NULL;
  shape->path = colon ? colon + 1 : text;
  return 0;
}

/* A number of at least `least`, else wrong usage. */
static int read_number(command *c, const char *text, double least, double *number) {
  char *end;
  *number = strtod(text, &end);
  if (end == text || *end || !(*number >= least) || isinf(*number))
    return usage(c, least > 0 ? "expected a number of at least 1, found"
                              : "expected a number of at least 0, found",
                 text);
  return 0;
}

static int set_bench(command *c, char *v) { return read_number(c, v, 0, &c->bench); }
static int set_rtol(command *c, char *v) { return read_number(c, v, 0, &c->rtol); }
static int set_atol(command *c, char *v) { return read_number(c, v, 0, &c->atol); }
static int set_threads(command *c, char *v) {
  double threads;
  if (read_number(c, v, 1, &threads))
    return EXIT_USAGE;
  c->threads = threads > PITH_MAX_THREADS ? PITH_MAX_THREADS : (int)threads;
  return 0;
}
static int set_seed(command *c, char *v) {
  char *end;
  errno = 0;
  c->seed = strtoull(v, &end, 10);
  return end == v || *end || errno || *v == '-'
             ? usage(c, "expected a whole number of at least 0, found", v)
             : 0;
}
static int set_input(command *c, char *v) {
  return add_file(&c->inputs, &c->num_inputs, v, pith_find_input, c->model);
}
static int set_output(command *c, char *v) {
  return add_file(&c->outputs, &c->num_outputs, v, pith_find_output, c->model);
}
static int set_inputs(command *c, char *v) { return c->inputs_from = v, 0; }
static int set_outputs(command *c, char *v) { return c->outputs_to = v, 0; }
static int set_profile(command *c, char *v) { return c->profile = v, 0; }
static int set_check(command *c, char *v) { return c->check = v, 0; }
static int set_info(command *c, char *v) { return (void)v, c->info = 1, 0; }
static int set_json(command *c, char *v) { return (void)v, c->json = 1, 0; }
static int set_help(command *c, char *v) { return (void)v, c->help = 1, 0; }
static int set_version(command *c, char *v) { return (void)v, c->version = 1, 0; }

static const struct {
  const char *name;
  int takes_value;
  int (*set)(command *c, char *value);
} kOptions[] = {
    {"input", 1, set_input},     {"output", 1, set_output}, {"inputs", 1, set_inputs},
    {"outputs", 1, set_outputs}, {"bench", 1, set_bench},   {"shape", 1, add_shape},
    {"seed", 1, set_seed},       {"check", 1, set_check},   {"profile", 1, set_profile},   {"rtol", 1, set_rtol},
    {"atol", 1, set_atol},       {"threads", 1, set_threads}, {"info", 0, set_info},
    {"json", 0, set_json},       {"help", 0, set_help},     {"version", 0, set_version}};

/* Writes --profile after the last run. */
static int write_profile(command *c) {
  char error[1024];
  pith_instance *instance = c->instance;
  if (!instance->observer)
    return command_error("--profile: the program observes nothing; compile it with "
                         "--instrument");
  return instance->write_profile(instance->observer, c->profile, error, sizeof error)
             ? command_error("--profile: %s", error)
             : 0;
}

/* The number of the option in "--name" or "--name=value", or that of all. */
static size_t find_option(const char *option) {
  const size_t count = sizeof kOptions / sizeof kOptions[0];
  if (strncmp(option, "--", 2))
    return count;
  size_t length = strcspn(option + 2, "="), found = 0;
  while (found < count && (strlen(kOptions[found].name) != length ||
                           memcmp(kOptions[found].name, option + 2, length)))
    ++found;
  return found;
}

int command_find_option(const char *option) {
  size_t found = find_option(option);
  return found < sizeof kOptions / sizeof kOptions[0] ? kOptions[found].takes_value : -1;
}

int command_parse(command *c, const pith_model *model, int argc, char **argv) {
  *c = (command){.model = model, .program = argv[0], .bench = -1, .rtol = 1e-3,
                 .atol = 1e-4, .seed = 1, .empty = argc == 1};
  for (int i = 1; i < argc; ++i) {
    char *option = argv[i], *value = NULL;
    if (strncmp(option, "--", 2))
      return usage(c, "unexpected argument", option);
    size_t found = find_option(option), length = strcspn(option + 2, "=");
    if (found == sizeof kOptions / sizeof kOptions[0])
      return usage(c, "unknown option", option);
    int has_value = option[2 + length] == '=';
    if (has_value && !kOptions[found].takes_value)
      return usage(c, "expected no value in", option);
    if (has_value)
      value = option + 2 + length + 1;
    else if (kOptions[found].takes_value && i + 1 < argc)
      value = argv[++i];
    else if (kOptions[found].takes_value)
      return usage(c, "expected a value after", option);
    int status = kOptions[found].set(c, value);
    if (status)
      return status;
  }
  if (c->json && !c->info)
    return usage(c, "expected --info with", "--json");
  if (c->profile && c->bench >= 0)
    return usage(c, "expected no --bench with", "--profile");
  return 0;
}

void command_free(command *c) {
  pith_destroy(c->instance);
  free(c->inputs);
  free(c->outputs);
  free(c->shapes);
}

int command_start(command *c) {
  char error[1024];
  if (pith_missing_features(c->model, error, sizeof error)) {
    fprintf(stderr, "error: this CPU lacks what the program was compiled for (%s): %s\n",
            c->model->cpu, error);
    return EXIT_CPU;
  }
  c->instance = pith_create(c->model, c->threads, error, sizeof error);
  return c->instance ? 0 : command_error("%s", error);
}

static int execute(command *c) {
  if (c->help)
    return print_help(c->model, c->program);
  if (c->version)
    return printf("%s, compiled by %s for %s\n", c->model->name, c->model->compiler,
                  c->model->cpu) < 0;
  if (c->info)
    return command_info(c);
  if (c->empty && c->model->num_inputs) {
    print_help(c->model, c->program);
    return EXIT_USAGE;
  }
  int status = command_start(c);
  if (status)
    return status;
  status = c->check        ? command_check(c)
           : c->bench >= 0 ? command_bench(c)
                           : command_run(c);
  return status || !c->profile ? status : write_profile(c);
}

int command_main(const pith_model *model, int argc, char **argv) {
  command c;
  int status = command_parse(&c, model, argc, argv);
  if (!status)
    status = execute(&c);
  command_free(&c);
  if (fflush(stdout) || ferror(stdout))
    return command_error("cannot write to the standard output");
  return status;
}
