# Functions every folder of Pith uses to declare what it builds.
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

# Sanitizers are for the compiler alone: programs link the runtime without them.
# MLIR is not instrumented, so what it shares with us is not checked.
function(pith_sanitize name)
  if(PITH_SANITIZE)
    set(flags -fsanitize=${PITH_SANITIZE} -fno-sanitize=vptr -fno-omit-frame-pointer)
    target_compile_options(${name} PRIVATE ${flags})
    target_link_options(${name} PRIVATE ${flags})
  endif()
endfunction()

# One precompiled header of upstream headers, shared by all libraries.
if(PITH_PRECOMPILED_HEADERS AND CMAKE_CXX_COMPILER_ID MATCHES "Clang")
  file(WRITE ${PROJECT_BINARY_DIR}/pch.cpp "")
  add_library(pith_pch OBJECT ${PROJECT_BINARY_DIR}/pch.cpp)
  target_compile_options(pith_pch PRIVATE -fno-exceptions -Xclang
                                          -fno-pch-timestamp)
  pith_sanitize(pith_pch)
  target_precompile_headers(
    pith_pch PRIVATE
    ${PROJECT_SOURCE_DIR}/include/pith/Support/Precompiled.h)
  set(PITH_HAVE_PCH ON)
endif()

# pith_set_options(target [NO_PCH]): the compile options all C++ targets share.
function(pith_set_options name)
  cmake_parse_arguments(ARG "NO_PCH" "" "" ${ARGN})
  target_compile_options(${name} PRIVATE $<$<COMPILE_LANGUAGE:CXX>:-fno-exceptions>
                                         -Wall -Wextra -Wno-unused-parameter)
  pith_sanitize(${name})
  if(PITH_WARNINGS_AS_ERRORS)
    target_compile_options(${name} PRIVATE -Werror)
  endif()
  if(PITH_HAVE_PCH AND NOT ARG_NO_PCH)
    # The precompiled header is made with LLVM's -fPIC; -fPIE would not fit it.
    get_target_property(type ${name} TYPE)
    if(type STREQUAL "EXECUTABLE")
      set_target_properties(${name} PROPERTIES POSITION_INDEPENDENT_CODE OFF)
    endif()
    target_precompile_headers(${name} REUSE_FROM pith_pch)
    target_compile_options(${name} PRIVATE -Xclang -fno-pch-timestamp)
  endif()
endfunction()

# pith_add_library(Name SOURCES a.cpp … [DEPENDS tablegen targets] [LINK libs] [NO_PCH])
# A static library, linked against the shared MLIR.
function(pith_add_library name)
  cmake_parse_arguments(ARG "NO_PCH" "" "SOURCES;DEPENDS;LINK" ${ARGN})
  add_library(${name} STATIC ${ARG_SOURCES})
  if(ARG_NO_PCH)
    pith_set_options(${name} NO_PCH)
  else()
    pith_set_options(${name})
  endif()
  add_dependencies(${name} PithTableGen)
  if(ARG_DEPENDS)
    add_dependencies(${name} ${ARG_DEPENDS})
  endif()
  target_link_libraries(${name} PUBLIC ${ARG_LINK} MLIR)
  target_include_directories(${name} INTERFACE $<INSTALL_INTERFACE:include>)
  set_property(GLOBAL APPEND PROPERTY PITH_LIBRARIES ${name})
  install(TARGETS ${name} EXPORT PithTargets ARCHIVE DESTINATION lib)
endfunction()

# pith_add_tool(name SOURCES main.cpp LINK libs): an executable in bin/.
function(pith_add_tool name)
  cmake_parse_arguments(ARG "" "" "SOURCES;LINK" ${ARGN})
  add_executable(${name} ${ARG_SOURCES})
  pith_set_options(${name})
  add_dependencies(${name} PithTableGen)
  target_link_libraries(${name} PRIVATE ${ARG_LINK} MLIR LLVM)
  set_target_properties(${name} PROPERTIES ENABLE_EXPORTS ON)
  install(TARGETS ${name} RUNTIME DESTINATION bin)
endfunction()

# All TableGen headers; every library depends on it.
if(NOT TARGET PithTableGen)
  add_custom_target(PithTableGen)
endif()

# pith_tablegen(Target td-file output generator-flags…): one TableGen output,
# made before any library is compiled.
function(pith_tablegen target td)
  set(LLVM_TARGET_DEFINITIONS ${td})
  set(outputs ${ARGN})
  while(outputs)
    list(POP_FRONT outputs spec)
    string(REPLACE "|" ";" parts "${spec}")
    list(POP_FRONT parts file)
    mlir_tablegen(${file} ${parts})
  endwhile()
  add_public_tablegen_target(${target})
  add_dependencies(PithTableGen ${target})
endfunction()
