// Linked into a test program, gives it a CUDA device on machines without
// NVIDIA's driver. Runs before main, and before tests are made from the list of
// devices.
#include <dlfcn.h>

#include <cstdlib>

namespace {

const bool kChosen = [] {
  if (dlopen("libcuda.so.1", RTLD_LAZY | RTLD_LOCAL) != nullptr) return false;
  return setenv("QUARRY_CUDA_LIBRARY", QUARRY_FAKE_CUDA, 0) == 0;
}();

}  // namespace
