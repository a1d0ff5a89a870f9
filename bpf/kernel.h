/* What the programs use of the kernel: its types as far as they are read, each
 * access relocated to the running kernel when a program is loaded (CO-RE), so
 * that no dump of one kernel's types is needed to build.
 */
#ifndef SIGHTLINE_KERNEL_H
#define SIGHTLINE_KERNEL_H

typedef unsigned char __u8;
typedef unsigned short __u16;
typedef unsigned int __u32;
typedef unsigned long long __u64;
typedef signed char __s8;
typedef short __s16;
typedef int __s32;
typedef long long __s64;
typedef __u16 __be16;
typedef __u32 __be32;
typedef __u64 __be64;
typedef __u32 __wsum;
typedef __u8 u8;
typedef __u16 u16;
typedef __u32 u32;
typedef __u64 u64;
typedef __s64 s64;
typedef _Bool bool;
enum { false = 0, true = 1 };
#define NULL ((void *)0)

#include <bpf/bpf_helpers.h>

#include <bpf/bpf_core_read.h>
#include <bpf/bpf_endian.h>

/* Of include/uapi/linux/bpf.h. */
enum {
  BPF_MAP_TYPE_HASH = 1,
  BPF_MAP_TYPE_ARRAY = 2,
  BPF_MAP_TYPE_PERCPU_HASH = 5,
  BPF_MAP_TYPE_PERCPU_ARRAY = 6,
  BPF_MAP_TYPE_RINGBUF = 27,
};
enum { BPF_NOEXIST = 1 };
enum { BPF_RB_NO_WAKEUP = 1, BPF_RB_FORCE_WAKEUP = 2 };
enum { BPF_RB_AVAIL_DATA = 0 };

#pragma clang attribute push(__attribute__((preserve_access_index)), apply_to = record)

struct net {
  u64 net_cookie;
};

typedef struct {
  struct net *net;
} possible_net_t;

typedef struct {
  s64 counter;
} atomic64_t;

struct sock_common {
  possible_net_t skc_net;
  atomic64_t skc_cookie;
};

struct sock {
  struct sock_common __sk_common;
};

struct net_device {
  possible_net_t nd_net;
};

struct sk_buff {
  struct net_device *dev;
  struct sock *sk;
  u16 network_header;
  u32 tail;
  u32 end;
  u8 *head;
};

struct skb_shared_info {
  u16 gso_size;
  u16 gso_segs;
};

/* Video: drivers/media, usually a module. */
struct video_device {
  int minor;
};

struct v4l2_fh {
  struct video_device *vdev;
};

struct vb2_queue {
  void *owner;
};

enum vb2_buffer_state {
  VB2_BUF_STATE_DONE = 4,
  VB2_BUF_STATE_ERROR = 5,
};

struct vb2_buffer {
  struct vb2_queue *vb2_queue;
  enum vb2_buffer_state state;
};

struct vb2_v4l2_buffer {
  struct vb2_buffer vb2_buf;
  u32 sequence;
};

#pragma clang attribute pop

#endif
