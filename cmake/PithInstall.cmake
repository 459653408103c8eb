# The installed package: headers, TableGen files, libraries, tools, runtime, and
# what find_package(Pith) reads. test/Install builds a project against it.
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
include(CMakePackageConfigHelpers)

set(package_folder lib/cmake/Pith)
foreach(root ${PROJECT_SOURCE_DIR} ${PROJECT_BINARY_DIR})
  install(DIRECTORY ${root}/include/pith DESTINATION include COMPONENT headers
          FILES_MATCHING PATTERN "*.h" PATTERN "*.td" PATTERN "*.inc"
          PATTERN "CMakeFiles" EXCLUDE)
endforeach()
install(EXPORT PithTargets DESTINATION ${package_folder} COMPONENT package)
configure_package_config_file(
  ${PROJECT_SOURCE_DIR}/cmake/PithConfig.cmake.in ${PROJECT_BINARY_DIR}/PithConfig.cmake
  INSTALL_DESTINATION ${package_folder})
write_basic_package_version_file(
  ${PROJECT_BINARY_DIR}/PithConfigVersion.cmake COMPATIBILITY SameMinorVersion)
install(FILES ${PROJECT_BINARY_DIR}/PithConfig.cmake
              ${PROJECT_BINARY_DIR}/PithConfigVersion.cmake
              ${PROJECT_SOURCE_DIR}/cmake/PithPlugin.cmake
        DESTINATION ${package_folder} COMPONENT package)
