// Every kernel, for nvcc: the portable text as it is, and what only NVIDIA's
// GPUs are asked.
#include "kernels/all.h"
#include "kernels/cuda/probes.h"
