# Targets for the daily round; check-pith and pith-docs are in test and docs.
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

add_custom_target(pith-lint
  COMMAND ${CMAKE_COMMAND} -E env PITH_BUILD=${PROJECT_BINARY_DIR}
          ${PROJECT_SOURCE_DIR}/scripts/lint.sh
  COMMENT "Checking format and finding mistakes in what changed"
  USES_TERMINAL)

if(TARGET pithc)
  add_custom_target(pith-benchmark
    COMMAND ${PITH_PYTHON} ${PROJECT_SOURCE_DIR}/benchmarks/run.py
            --pithc $<TARGET_FILE:pithc> --folder ${PROJECT_BINARY_DIR}/benchmarks
    DEPENDS pithc pithrt
    COMMENT "Measuring programs beside ONNX Runtime"
    USES_TERMINAL)
endif()
