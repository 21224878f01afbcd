# Finds nvcc, which makes the CUDA kernels; the host is never compiled by it.
#   QUARRY_NVCC           the program, or NOTFOUND
#   QUARRY_NVCC_TARGETS   the entries of QUARRY_CUDA_ARCHS that it knows
#   QUARRY_NVCC_PROBLEM   why it cannot be used; empty: it can
set(QUARRY_CUDA_ARCHS "75;80;86;89;90;120;ptx90" CACHE STRING
  "Compute capabilities to build CUDA kernels for; ptxNN for every later GPU")
find_program(QUARRY_NVCC nvcc HINTS ENV CUDA_PATH ENV CUDA_HOME PATHS /usr/local/cuda PATH_SUFFIXES bin)
set(QUARRY_NVCC_FLAGS -std=c++17 -allow-unsupported-compiler -I${CMAKE_SOURCE_DIR})
set(QUARRY_NVCC_TARGETS "")
set(QUARRY_NVCC_PROBLEM "")

if(NOT QUARRY_NVCC)
  set(QUARRY_NVCC_PROBLEM "nvcc not found (CUDA Toolkit; looked in PATH, CUDA_PATH and /usr/local/cuda)")
else()
  execute_process(COMMAND ${QUARRY_NVCC} --list-gpu-arch
    OUTPUT_VARIABLE known RESULT_VARIABLE failed ERROR_QUIET)
  if(failed)
    set(QUARRY_NVCC_PROBLEM "${QUARRY_NVCC} does not work")
  endif()
  string(REGEX MATCHALL "compute_[0-9]+" known "${known}")
  foreach(arch IN LISTS QUARRY_CUDA_ARCHS)
    string(REGEX REPLACE "^ptx" "" number "${arch}")
    if("compute_${number}" IN_LIST known)
      list(APPEND QUARRY_NVCC_TARGETS ${arch})
    elseif(NOT QUARRY_NVCC_PROBLEM)
      message(STATUS "CUDA kernels for ${arch} left out: ${QUARRY_NVCC} does not know it")
    endif()
  endforeach()
  if(NOT QUARRY_NVCC_TARGETS AND NOT QUARRY_NVCC_PROBLEM)
    set(QUARRY_NVCC_PROBLEM "${QUARRY_NVCC} knows none of ${QUARRY_CUDA_ARCHS}")
  endif()
endif()

# nvcc needs a host compiler that it understands, even for kernels alone.
if(NOT QUARRY_NVCC_PROBLEM AND NOT "${QUARRY_NVCC_TRIED}" STREQUAL "${QUARRY_NVCC}")
  file(WRITE ${CMAKE_BINARY_DIR}/nvcc_try.cu "extern \"C\" __global__ void nothing() {}\n")
  execute_process(COMMAND ${QUARRY_NVCC} ${QUARRY_NVCC_FLAGS} -ptx -o nvcc_try.ptx nvcc_try.cu
    WORKING_DIRECTORY ${CMAKE_BINARY_DIR} RESULT_VARIABLE failed OUTPUT_QUIET ERROR_VARIABLE words)
  if(failed)
    string(REGEX MATCH "[^\n]*error[^\n]*" words "${words}")
    set(QUARRY_NVCC_PROBLEM "${QUARRY_NVCC} cannot compile: ${words}")
  else()
    set(QUARRY_NVCC_TRIED "${QUARRY_NVCC}" CACHE INTERNAL "The nvcc that was seen to work")
  endif()
endif()
