/* plot_constants.h - sizes that the plot kernels share with their hosts. */
#ifndef QUARRY_KERNELS_PLOT_CONSTANTS_H
#define QUARRY_KERNELS_PLOT_CONSTANTS_H

#define PLOT_HASHES 8192u       /* of 32 bytes, per nonce */
#define PLOT_NONCE_WORDS 65536u /* u32 per nonce */
#define PLOT_WINDOW 128u        /* hashes in a full window of 4096 bytes */

#endif
