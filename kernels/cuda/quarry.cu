// Every kernel, for nvcc: the portable text as it is.
#include "kernels/all.h"
