cmake_minimum_required(VERSION 3.25)
# cmake -DNVCC=program -DSOURCE=quarry.cu -DINCLUDE=folder -DARCH=90 -DOUT=folder
#       -DHOT=plot_hashes,scan_hits -DSASS_COUNT=program -P nvcc.cmake
# Compiles the kernels for one GPU and fails if a hot one does not keep its
# state in registers, or needs more instructions than it should (sass_count.cpp).
if(NOT NVCC)
  message("SKIPPED: no nvcc (CUDA Toolkit)")
  return()
endif()
execute_process(COMMAND ${NVCC} --list-gpu-code OUTPUT_VARIABLE known)
if(NOT known MATCHES "sm_${ARCH}([^0-9]|$)")
  message("SKIPPED: ${NVCC} does not know sm_${ARCH}")
  return()
endif()
execute_process(
  COMMAND ${NVCC} -cubin -arch=sm_${ARCH} -std=c++17 -allow-unsupported-compiler -I${INCLUDE}
          -Xptxas -v -o ${OUT}/quarry_sm_${ARCH}.cubin ${SOURCE}
  OUTPUT_VARIABLE log ERROR_VARIABLE log RESULT_VARIABLE result)
if(result)
  message(FATAL_ERROR "${log}")
endif()
string(REPLACE "," ";" HOT "${HOT}")
set(seen "")
set(failed FALSE)
# "Compiling entry function 'NAME' ..." and the two lines that follow it.
string(REGEX REPLACE "[][;]" " " log "${log}")
string(REPLACE "Compiling entry function" ";" parts "${log}")
list(POP_FRONT parts)
foreach(part IN LISTS parts)
  if(NOT part MATCHES "'([a-z0-9_]+)'.* ([0-9]+) bytes stack frame, ([0-9]+) bytes spill stores, ([0-9]+) bytes spill loads.*Used ([0-9]+) registers")
    message(FATAL_ERROR "ptxas said something new: ${part}")
  endif()
  set(name ${CMAKE_MATCH_1})
  message("sm_${ARCH} ${name}: ${CMAKE_MATCH_5} registers, ${CMAKE_MATCH_2} bytes stack frame, ${CMAKE_MATCH_3} bytes spill stores, ${CMAKE_MATCH_4} bytes spill loads")
  list(APPEND seen ${name})
  if(name IN_LIST HOT AND NOT "${CMAKE_MATCH_2} ${CMAKE_MATCH_3} ${CMAKE_MATCH_4}" STREQUAL "0 0 0")
    message("sm_${ARCH} ${name} must keep its state in registers")
    set(failed TRUE)
  endif()
endforeach()
foreach(name IN LISTS HOT)
  if(NOT name IN_LIST seen)
    message("sm_${ARCH}: no kernel ${name}")
    set(failed TRUE)
  endif()
endforeach()
execute_process(
  COMMAND ${SASS_COUNT} ${OUT}/quarry_sm_${ARCH}.cubin ${ARCH}
  OUTPUT_VARIABLE counts ERROR_VARIABLE counts RESULT_VARIABLE result)
message("${counts}")
if(failed OR result)
  message(FATAL_ERROR "sm_${ARCH} failed")
endif()
