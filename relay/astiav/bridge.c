#include "bridge.h"
#include "_cgo_export.h"
#include <libavutil/log.h>
#include <libavutil/mem.h>
#include <stdarg.h>
#include <stdio.h>

static int interrupt_read(void *opaque) {
  return atomic_load(&((bridge_interrupt *)opaque)->raised);
}

bridge_interrupt *bridge_interrupt_new(void) {
  bridge_interrupt *i = av_mallocz(sizeof(*i));
  if (i)
    atomic_init(&i->raised, 0);
  return i;
}

void bridge_interrupt_free(bridge_interrupt *i) { av_free(i); }

void bridge_interrupt_store(bridge_interrupt *i, int raised) { atomic_store(&i->raised, raised); }

int bridge_interrupt_load(bridge_interrupt *i) { return atomic_load(&i->raised); }

AVIOInterruptCB bridge_interrupt_callback(bridge_interrupt *i) {
  return (AVIOInterruptCB){.callback = interrupt_read, .opaque = i};
}

static void log_message(void *avcl, int level, const char *format, va_list args) {
  char small[1024];
  char *text = small;
  va_list again;
  int n;

  // Bits above the low byte of a level carry a colour.
  if (level >= 0)
    level &= 0xff;
  if (level > av_log_get_level())
    return;

  va_copy(again, args);
  n = vsnprintf(small, sizeof(small), format, args);
  if (n >= (int)sizeof(small) && (text = av_malloc((size_t)n + 1)))
    vsnprintf(text, (size_t)n + 1, format, again);
  va_end(again);
  if (n >= 0)
    goBridgeLog(avcl, level, (char *)format, text ? text : small);
  if (text != small)
    av_free(text);
}

void bridge_log_to_go(void) { av_log_set_callback(log_message); }

void bridge_log_to_stderr(void) { av_log_set_callback(av_log_default_callback); }

static int io_read(void *opaque, uint8_t *buf, int size) {
  return goBridgeIORead((uintptr_t)opaque, buf, size);
}

static int io_write(void *opaque, compat_write_data *buf, int size) {
  return goBridgeIOWrite((uintptr_t)opaque, (uint8_t *)buf, size);
}

static int64_t io_seek(void *opaque, int64_t offset, int whence) {
  return goBridgeIOSeek((uintptr_t)opaque, offset, whence);
}

AVIOContext *bridge_io_new(int buffer_size, int writable, uintptr_t handle, int can_read,
                           int can_seek, int can_write) {
  AVIOContext *pb;
  unsigned char *buffer = av_malloc(buffer_size);
  if (!buffer)
    return NULL;
  pb = avio_alloc_context(buffer, buffer_size, writable, (void *)handle, can_read ? io_read : NULL,
                          can_write ? io_write : NULL, can_seek ? io_seek : NULL);
  if (!pb)
    av_free(buffer);
  return pb;
}

void bridge_io_free(AVIOContext **pb) {
  if (*pb)
    av_freep(&(*pb)->buffer);
  avio_context_free(pb);
}
