/* all.h - every kernel, for backends that build one program of them. */
#ifndef QUARRY_KERNELS_ALL_H
#define QUARRY_KERNELS_ALL_H

#include "plot.h"
#include "plot_main.h"
#include "scan.h"

#endif
