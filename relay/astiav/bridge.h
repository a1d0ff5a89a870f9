// C side of the callbacks that FFmpeg makes into Go.
#ifndef ASTIAV_BRIDGE_H
#define ASTIAV_BRIDGE_H

#include "compat.h"
#include <stdatomic.h>
#include <stdint.h>

// Interrupt flag read by blocking I/O. It lives in C memory because FFmpeg keeps a pointer to it.
typedef struct {
  atomic_int raised;
} bridge_interrupt;

bridge_interrupt *bridge_interrupt_new(void);
void bridge_interrupt_free(bridge_interrupt *i);
void bridge_interrupt_store(bridge_interrupt *i, int raised);
int bridge_interrupt_load(bridge_interrupt *i);
AVIOInterruptCB bridge_interrupt_callback(bridge_interrupt *i);

// Routes av_log to Go, or back to FFmpeg's own printer.
void bridge_log_to_go(void);
void bridge_log_to_stderr(void);

// An AVIOContext whose opaque is a Go handle (never a Go pointer). NULL without memory.
AVIOContext *bridge_io_new(int buffer_size, int writable, uintptr_t handle, int can_read,
                           int can_seek, int can_write);
// Frees the context and its current buffer.
void bridge_io_free(AVIOContext **pb);

#endif
