cmake_minimum_required(VERSION 3.25)
# cmake -DIN=kernels/all.h -DOUT=kernel_source.cpp -DSYMBOL=kKernelSource -P embed.cmake
#
# Writes one program text as a C++ byte array (no limit on its length, nothing
# to escape), because OpenCL has no include path to rely on: quoted includes
# are pasted in place, each once, and #line lets the driver's messages name our
# files. Includes in <> stand in branches for hosts and stay as they are.
set_property(GLOBAL PROPERTY pasted_files "")

function(paste file out)
  get_property(pasted GLOBAL PROPERTY pasted_files)
  if(file IN_LIST pasted)
    set(${out} "" PARENT_SCOPE)
    return()
  endif()
  set_property(GLOBAL APPEND PROPERTY pasted_files "${file}")
  get_filename_component(directory "${file}" DIRECTORY)
  get_filename_component(name "${file}" NAME)
  file(READ "${file}" body)
  set(result "#line 1 \"${name}\"\n")
  set(line 1)
  while(body MATCHES "#include \"([^\"]+)\"[^\n]*\n")
    set(directive "${CMAKE_MATCH_0}")
    set(child "${CMAKE_MATCH_1}")
    string(FIND "${body}" "${directive}" at)
    string(LENGTH "${directive}" length)
    string(SUBSTRING "${body}" 0 ${at} before)
    math(EXPR after "${at} + ${length}")
    string(SUBSTRING "${body}" ${after} -1 body)
    string(REGEX REPLACE "[^\n]" "" newlines "${before}")
    string(LENGTH "${newlines}" count)
    math(EXPR line "${line} + ${count} + 1")
    paste("${directory}/${child}" child_text)
    string(APPEND result "${before}${child_text}#line ${line} \"${name}\"\n")
  endwhile()
  set(${out} "${result}${body}" PARENT_SCOPE)
endfunction()

get_filename_component(IN "${IN}" ABSOLUTE)
paste("${IN}" text)
file(WRITE "${OUT}.txt" "${text}")
file(READ "${OUT}.txt" hex HEX)
string(REGEX REPLACE "(................................)" "\\1\n" hex "${hex}")
string(REGEX REPLACE "([0-9a-f][0-9a-f])" "0x\\1," bytes "${hex}")
file(WRITE "${OUT}" "// Made by kernels/embed.cmake.
#include <string_view>
namespace quarry {
extern const std::string_view ${SYMBOL};
namespace {
const unsigned char kBytes[] = {\n${bytes}0};
}
const std::string_view ${SYMBOL}(reinterpret_cast<const char*>(kBytes), sizeof kBytes - 1);
}  // namespace quarry
")
