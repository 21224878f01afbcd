cmake_minimum_required(VERSION 3.25)
# cmake -DKERNELS=folder -DCLANG=program -DHOST_COMPILER=program -P lint.cmake
# Every kernel header, alone: as strict OpenCL C 1.2 for 32 and 64 lanes, and as
# host C++ for one lane.
if(NOT CLANG)
  message("SKIPPED: no clang, whose OpenCL front end checks the dialect")
  return()
endif()
file(GLOB headers ${KERNELS}/*.h)
# A part of portable.h for hosts.
list(REMOVE_ITEM headers ${KERNELS}/portable_simd.h)
set(failed "")
foreach(header IN LISTS headers)
  foreach(lanes 32 64)
    execute_process(
      COMMAND ${CLANG} -x cl -cl-std=CL1.2 -Xclang -finclude-default-header -pedantic -Wall -Wextra
              -Werror -Wno-unused-function -DINTERLEAVE=${lanes} -fsyntax-only ${header}
      RESULT_VARIABLE result)
    if(result)
      list(APPEND failed "${header} (OpenCL, ${lanes} lanes)")
    endif()
  endforeach()
  execute_process(
    COMMAND ${HOST_COMPILER} -x c++ -std=c++20 -Wall -Wextra -Werror -Wno-unused-function
            -fsyntax-only -include ${header} /dev/null
    RESULT_VARIABLE result)
  if(result)
    list(APPEND failed "${header} (host)")
  endif()
endforeach()
if(failed)
  list(JOIN failed "\n  " failed)
  message(FATAL_ERROR "Headers that are not in the dialect:\n  ${failed}")
endif()
list(LENGTH headers count)
message("${count} kernel headers are in the dialect")
