/*===- Cpu.c - What this CPU can do ===*
 *
 * Part of Pith, under the Apache License v2.0 with LLVM Exceptions.
 * SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
 *
 *===----------------------------------------------------------------------===*
 *
 * Checked before anything runs, so that a program never dies of an illegal
 * instruction. Feature names are LLVM's.
 *
 *===----------------------------------------------------------------------===*/

#include "Instance.h"

#include <stdio.h>
#include <string.h>

#if defined(__x86_64__)
#include <cpuid.h>

/* leaf, subleaf, register (0 eax, 1 ebx, 2 ecx, 3 edx), bit */
static const struct {
  const char *name;
  unsigned leaf, sub;
  unsigned char reg, bit, state; /* state: 1 needs AVX, 2 AVX-512 registers saved */
} kFeatures[] = {
    {"sse3", 1, 0, 2, 0, 0},        {"ssse3", 1, 0, 2, 9, 0},
    {"fma", 1, 0, 2, 12, 1},        {"cx16", 1, 0, 2, 13, 0},
    {"sse4.1", 1, 0, 2, 19, 0},     {"sse4.2", 1, 0, 2, 20, 0},
    {"movbe", 1, 0, 2, 22, 0},      {"popcnt", 1, 0, 2, 23, 0},
    {"avx", 1, 0, 2, 28, 1},        {"f16c", 1, 0, 2, 29, 1},
    {"bmi", 7, 0, 1, 3, 0},         {"avx2", 7, 0, 1, 5, 1},
    {"bmi2", 7, 0, 1, 8, 0},        {"avx512f", 7, 0, 1, 16, 2},
    {"avx512dq", 7, 0, 1, 17, 2},   {"avx512ifma", 7, 0, 1, 21, 2},
    {"avx512cd", 7, 0, 1, 28, 2},   {"avx512bw", 7, 0, 1, 30, 2},
    {"avx512vl", 7, 0, 1, 31, 2},   {"avx512vbmi", 7, 0, 2, 1, 2},
    {"avx512vbmi2", 7, 0, 2, 6, 2}, {"gfni", 7, 0, 2, 8, 0},
    {"avx512vnni", 7, 0, 2, 11, 2}, {"avx512bitalg", 7, 0, 2, 12, 2},
    {"avx512vpopcntdq", 7, 0, 2, 14, 2}, {"avxvnni", 7, 1, 0, 4, 1},
    {"avx512bf16", 7, 1, 0, 5, 2},  {"lzcnt", 0x80000001, 0, 2, 5, 0},
};

/* Which register state the system saves: 1 AVX, 2 AVX-512 too. */
static int saved_state(void) {
  unsigned a, b, c, d;
  if (!__get_cpuid(1, &a, &b, &c, &d) || !(c & (1u << 27)))
    return 0;
  unsigned low, high;
  __asm__ volatile("xgetbv" : "=a"(low), "=d"(high) : "c"(0));
  if ((low & 6) != 6)
    return 0;
  return (low & 0xe0) == 0xe0 ? 2 : 1;
}

/* 1: present, 0: absent, -1: not a feature we know how to ask for. */
static int has_feature(const char *name, size_t length) {
  for (size_t i = 0; i < sizeof kFeatures / sizeof kFeatures[0]; ++i) {
    if (strlen(kFeatures[i].name) != length || memcmp(kFeatures[i].name, name, length))
      continue;
    unsigned r[4] = {0, 0, 0, 0};
    if (!__get_cpuid_count(kFeatures[i].leaf, kFeatures[i].sub, &r[0], &r[1], &r[2], &r[3]))
      return 0;
    return ((r[kFeatures[i].reg] >> kFeatures[i].bit) & 1) &&
           saved_state() >= kFeatures[i].state;
  }
  return -1;
}
#else
#include <sys/auxv.h>
static int has_feature(const char *name, size_t length) {
  unsigned long have = getauxval(AT_HWCAP);
  static const struct {
    const char *name;
    unsigned bit;
  } kFeatures[] = {{"neon", 1}, {"fullfp16", 10}, {"dotprod", 20}};
  for (size_t i = 0; i < sizeof kFeatures / sizeof kFeatures[0]; ++i)
    if (strlen(kFeatures[i].name) == length && !memcmp(kFeatures[i].name, name, length))
      return (have >> kFeatures[i].bit) & 1;
  return -1;
}
#endif

int pith_has_feature(const char *name) { return has_feature(name, strlen(name)) == 1; }

int pith_missing_features(const pith_model *model, char *missing, size_t bytes) {
  int count = 0;
  size_t used = 0;
  if (bytes)
    missing[0] = 0;
  for (const char *p = model->cpu_features ? model->cpu_features : ""; *p;) {
    size_t length = strcspn(p, ",");
    /* One we cannot ask for counts as missing: better no run than a crash. */
    if (length && has_feature(p, length) != 1) {
      ++count;
      int n = snprintf(missing + used, used < bytes ? bytes - used : 0, "%s%.*s",
                       count > 1 ? "," : "", (int)length, p);
      if (n > 0)
        used += (size_t)n;
    }
    p += length;
    if (*p == ',')
      ++p;
  }
  return count;
}
