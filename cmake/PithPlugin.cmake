# pith_add_plugin(name SOURCES a.cpp …): a shared object with passes or dialects,
# for pith-opt's --load-pass-plugin and --load-dialect-plugin. It takes Pith's and
# MLIR's symbols from the tool that loads it.
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
function(pith_add_plugin name)
  cmake_parse_arguments(ARG "" "" "SOURCES" ${ARGN})
  add_library(${name} MODULE ${ARG_SOURCES})
  set_target_properties(${name} PROPERTIES PREFIX "" CXX_STANDARD 17
                                           CXX_STANDARD_REQUIRED ON)
  # NDEBUG: LLVM is a release build, and the layout of its classes must be the same.
  target_compile_definitions(${name} PRIVATE NDEBUG)
  target_compile_options(${name} PRIVATE -fno-exceptions)
  target_include_directories(${name} PRIVATE ${PITH_INCLUDE_DIRS})
  target_include_directories(${name} SYSTEM PRIVATE ${MLIR_INCLUDE_DIRS} ${LLVM_INCLUDE_DIRS})
endfunction()
