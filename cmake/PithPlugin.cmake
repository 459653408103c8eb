# pith_add_plugin(name SOURCES a.cpp … [OPS a.td …]): a shared object with passes or
# ops, for --plugin of pithc and pith-run, and for pith-opt's --load-pass-plugin and
# --load-dialect-plugin. It takes Pith's and MLIR's symbols from the tool that loads
# it. Of each a.td, a.h.inc and a.cpp.inc are made.
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
function(pith_add_plugin name)
  cmake_parse_arguments(ARG "" "" "SOURCES;OPS" ${ARGN})
  add_library(${name} MODULE ${ARG_SOURCES})
  if(ARG_OPS)
    list(APPEND CMAKE_MODULE_PATH ${MLIR_CMAKE_DIR} ${LLVM_CMAKE_DIR})
    include(TableGen)
    include(AddLLVM)
    include(AddMLIR)
    include_directories(${PITH_INCLUDE_DIRS} ${MLIR_INCLUDE_DIRS})
    foreach(definitions ${ARG_OPS})
      get_filename_component(stem ${definitions} NAME_WE)
      set(LLVM_TARGET_DEFINITIONS ${definitions})
      mlir_tablegen(${stem}.h.inc -gen-op-decls)
      mlir_tablegen(${stem}.cpp.inc -gen-op-defs)
      add_public_tablegen_target(${stem}IncGen)
      add_dependencies(${name} ${stem}IncGen)
    endforeach()
    target_include_directories(${name} PRIVATE ${CMAKE_CURRENT_BINARY_DIR})
  endif()
  set_target_properties(${name} PROPERTIES PREFIX "" CXX_STANDARD 17
                                           CXX_STANDARD_REQUIRED ON)
  # NDEBUG: LLVM is a release build, and the layout of its classes must be the same.
  target_compile_definitions(${name} PRIVATE NDEBUG)
  target_compile_options(${name} PRIVATE -fno-exceptions)
  target_include_directories(${name} PRIVATE ${PITH_INCLUDE_DIRS})
  target_include_directories(${name} SYSTEM PRIVATE ${MLIR_INCLUDE_DIRS} ${LLVM_INCLUDE_DIRS})
endfunction()
