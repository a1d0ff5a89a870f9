/* Where kernels differ: one function for each difference, and nowhere else. */
#ifndef SIGHTLINE_COMPAT_BPF_H
#define SIGHTLINE_COMPAT_BPF_H

#include "kernel.h"

/* How many arguments the tracepoint kfree_skb has, counted by the loader in
 * the kernel's types. Branches that do not hold are pruned at load, so that an
 * argument which is not there is never touched.
 */
const volatile u8 kfree_skb_args = 2;

/* The drop reason came with 5.17 ("net: skb: introduce
 * kfree_skb_reason()"); before it every drop is "not specified".
 */
static __always_inline u32 drop_reason(const u64 *ctx) {
  return kfree_skb_args >= 3 ? (u32)ctx[2] : 0;
}

/* The receiving socket came with 6.11 ("net: add rx_sk to
 * trace_kfree_skb"); NULL before it, and where no socket had been found.
 */
static __always_inline const struct sock *drop_socket(const u64 *ctx) {
  return kfree_skb_args >= 4 ? (const struct sock *)ctx[3] : NULL;
}

/* The cookie of a network namespace, 0 before 5.12 ("net:
 * initialize net->net_cookie at netns setup"), where it was no plain number.
 */
static __always_inline u64 net_cookie(const struct net *net) {
  if (!net || !bpf_core_field_exists(net->net_cookie))
    return 0;
  return BPF_CORE_READ(net, net_cookie);
}

/* The cookie of the namespace in which a packet is, 0 if that cannot be told.
 * Once UDP has queued a packet, dev holds lengths and flags ("udp: try to avoid 2 cache miss on
 * dequeue"): its top bit is clear then, as in no kernel address.
 */
static __always_inline u64 packet_namespace(const struct sk_buff *skb) {
  const struct net_device *dev = BPF_CORE_READ(skb, dev);
  const struct sock *sk;

  if ((s64)dev < 0)
    return net_cookie(BPF_CORE_READ(dev, nd_net.net));
  if (dev)
    return 0;
  sk = BPF_CORE_READ(skb, sk);
  return sk ? net_cookie(BPF_CORE_READ(sk, __sk_common.skc_net.net)) : 0;
}

/* The value of VB2_BUF_STATE_ERROR moves when states are added or removed
 * before it.
 */
static __always_inline u32 vb2_state_error(void) {
  return bpf_core_enum_value(enum vb2_buffer_state, VB2_BUF_STATE_ERROR);
}

#endif
