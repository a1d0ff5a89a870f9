//go:build ignore

/* Counts the packets that the kernel drops on their way to (or from) watched
 * sockets, per stream and reason. It runs only when a packet is dropped.
 *
 * A dropped packet is found by its headers alone, since most drops happen
 * before or without a socket: the local port, then the local address, and on
 * sockets that several cameras share the SSRC or the camera's address.
 */
#include "compat.bpf.h"

enum { IPPROTO_FRAGMENT = 44, IPPROTO_UDP = 17 };
enum { TO_SOCKET = 0, FROM_SOCKET = 1 };
enum { PEER_SSRC = 0, PEER_ADDRESS = 1 };

/* A wake-up of the reader costs more than all the rest; it looks by itself
 * often enough, unless this much waits.
 */
#define WAKE_BYTES (64 << 10)
/* At most one event per stream, reason and processor in this time. */
#define SAMPLE_NS (20 * 1000 * 1000ULL)

/* The watched ports, one bit each: what most dropped packets are told by. */
struct {
  __uint(type, BPF_MAP_TYPE_ARRAY);
  __uint(max_entries, 65536 / 64);
  __type(key, u32);
  __type(value, u64);
} ports SEC(".maps");

/* Addresses are IPv6, or IPv4 as ::ffff:a.b.c.d; zero is any address. */
struct endpoint {
  u8 addr[16];
  u16 port;
  u16 unused[3];
};

struct socket {
  u64 cookie;    /* of the socket (SO_COOKIE) */
  u64 netns;     /* where packets have to be, 0 for anywhere */
  u32 id;        /* part of the keys of its peers */
  u32 stream;    /* 0: peers alone count */
  u32 has_peers; /* several streams share the socket */
  u32 unused;
};

struct {
  __uint(type, BPF_MAP_TYPE_HASH);
  __uint(max_entries, 16384);
  __type(key, struct endpoint);
  __type(value, struct socket);
} sockets SEC(".maps");

struct peer {
  u32 socket;
  u32 kind;
  u8 value[16]; /* an address, or an SSRC in network byte order and zeros */
};

struct {
  __uint(type, BPF_MAP_TYPE_HASH);
  __uint(max_entries, 16384);
  __type(key, struct peer);
  __type(value, u32); /* stream */
} peers SEC(".maps");

struct cause {
  u32 stream;
  u32 reason;
  u32 direction;
};

struct tally {
  u64 packets;
  u64 bytes;
  u64 sampled; /* when the last event was sent, in ns since boot */
};

struct {
  __uint(type, BPF_MAP_TYPE_PERCPU_HASH);
  __uint(max_entries, 8192);
  __type(key, struct cause);
  __type(value, struct tally);
} tallies SEC(".maps");

/* Drops that no tally could take, since the map was full. */
struct {
  __uint(type, BPF_MAP_TYPE_PERCPU_ARRAY);
  __uint(max_entries, 1);
  __type(key, u32);
  __type(value, u64);
} untold SEC(".maps");

struct event {
  u64 time; /* ns since boot */
  u64 location;
  u32 stream;
  u32 reason;
  u32 direction;
  u32 packets;
  u32 ssrc;
  u16 sequence;
  u8 is_rtp;
  u8 unused;
};

struct {
  __uint(type, BPF_MAP_TYPE_RINGBUF);
  __uint(max_entries, 256 << 10);
  __type(value, struct event);
} events SEC(".maps");

/* UDP (RFC 768) and the fixed part of RTP (RFC 3550 section 5.1). */
struct datagram {
  __be16 sport, dport, length, checksum;
  u8 version, payload_type;
  __be16 sequence;
  __be32 timestamp, ssrc;
};

struct packet {
  struct datagram udp;
  u8 src[16], dst[16];
  u32 udp_offset; /* from head */
};

static __always_inline void map_ipv4(u8 *addr, const u8 *v4) {
  addr[10] = 0xff;
  addr[11] = 0xff;
  __builtin_memcpy(addr + 12, v4, 4);
}

/* Reads the headers of a packet: one bounded read where the addresses are
 * followed by UDP at once. The version nibble tells the protocol, since
 * skb->protocol is not always set. Only first fragments have a UDP header.
 */
static __always_inline bool parse(const struct sk_buff *skb, const u8 *head, struct packet *p) {
  u8 ip[60];
  u32 at = BPF_CORE_READ(skb, network_header);
  u32 header;

  if (at == 0xffff || bpf_probe_read_kernel(ip, sizeof(ip), head + at))
    return false;
  if (ip[0] >> 4 == 4) {
    header = (ip[0] & 15) * 4;
    if (header < 20 || ip[9] != IPPROTO_UDP || (ip[6] & 0x1f) || ip[7])
      return false;
    if (header == 20)
      __builtin_memcpy(&p->udp, ip + 20, sizeof(p->udp));
    else if (bpf_probe_read_kernel(&p->udp, sizeof(p->udp), head + at + header))
      return false;
    map_ipv4(p->src, ip + 12);
    map_ipv4(p->dst, ip + 16);
  } else if (ip[0] >> 4 == 6) {
    header = 40;
    if (ip[6] == IPPROTO_UDP) {
      __builtin_memcpy(&p->udp, ip + 40, sizeof(p->udp));
    } else {
      /* A fragment header alone, of the first fragment. */
      if (ip[6] != IPPROTO_FRAGMENT || ip[40] != IPPROTO_UDP || ip[42] || (ip[43] & 0xf8))
        return false;
      header = 48;
      if (bpf_probe_read_kernel(&p->udp, sizeof(p->udp), head + at + header))
        return false;
    }
    __builtin_memcpy(p->src, ip + 8, 16);
    __builtin_memcpy(p->dst, ip + 24, 16);
  } else {
    return false;
  }
  p->udp_offset = at + header;
  return true;
}

static __always_inline bool watched(u16 port) {
  u32 word = port >> 6;
  u64 *bits = bpf_map_lookup_elem(&ports, &word);

  return bits && (*bits >> (port & 63) & 1);
}

static __always_inline struct socket *find_socket(const u8 *addr, u16 port) {
  struct endpoint key = {.port = port};
  struct socket *s;

  __builtin_memcpy(key.addr, addr, 16);
  s = bpf_map_lookup_elem(&sockets, &key);
  if (s)
    return s;
  __builtin_memset(key.addr, 0, 16);
  return bpf_map_lookup_elem(&sockets, &key);
}

/* The stream of a packet on a socket that several share: by SSRC, and where
 * that says nothing by the camera's address.
 */
static __always_inline u32 find_peer(const struct socket *s, const u8 *addr, bool rtp,
                                     __be32 ssrc) {
  struct peer key = {.socket = s->id, .kind = PEER_SSRC};
  u32 *stream;

  if (rtp) {
    __builtin_memcpy(key.value, &ssrc, sizeof(ssrc));
    stream = bpf_map_lookup_elem(&peers, &key);
    if (stream)
      return *stream;
  }
  key.kind = PEER_ADDRESS;
  __builtin_memcpy(key.value, addr, 16);
  stream = bpf_map_lookup_elem(&peers, &key);
  return stream ? *stream : s->stream;
}

/* One packet may stand for many (GSO, GRO). */
static __always_inline u32 packets_in(const u8 *head, u32 end) {
  const struct skb_shared_info *info = (const void *)(head + end);
  u32 segments = BPF_CORE_READ(info, gso_segs);

  return segments > 1 ? segments : 1;
}

static __always_inline void sample(struct tally *t, const struct cause *c, u64 location,
                                   const struct packet *p, bool rtp, u32 packets) {
  u64 now = bpf_ktime_get_ns();
  struct event *e;

  if (t->sampled && now - t->sampled < SAMPLE_NS)
    return;
  e = bpf_ringbuf_reserve(&events, sizeof(*e), 0);
  if (!e)
    return;
  t->sampled = now;
  e->time = now;
  e->location = location;
  e->stream = c->stream;
  e->reason = c->reason;
  e->direction = c->direction;
  e->packets = packets;
  e->ssrc = bpf_ntohl(p->udp.ssrc);
  e->sequence = bpf_ntohs(p->udp.sequence);
  e->is_rtp = rtp;
  e->unused = 0;
  bpf_ringbuf_submit(e, bpf_ringbuf_query(&events, BPF_RB_AVAIL_DATA) >= WAKE_BYTES
                            ? BPF_RB_FORCE_WAKEUP
                            : BPF_RB_NO_WAKEUP);
}

static __always_inline void count(const struct cause *c, u64 location, const struct packet *p,
                                  bool rtp, u32 packets) {
  struct tally zero = {}, *t = bpf_map_lookup_elem(&tallies, c);
  u32 first = 0;
  u64 *n;

  if (!t) {
    bpf_map_update_elem(&tallies, c, &zero, BPF_NOEXIST);
    t = bpf_map_lookup_elem(&tallies, c);
  }
  if (!t) {
    n = bpf_map_lookup_elem(&untold, &first);
    if (n)
      *n += packets;
    return;
  }
  t->packets += packets;
  t->bytes += bpf_ntohs(p->udp.length);
  sample(t, c, location, p, rtp, packets);
}

static __always_inline int dropped(const u64 *ctx) {
  const struct sk_buff *skb = (const struct sk_buff *)ctx[0];
  const struct sock *sk = drop_socket(ctx);
  struct cause c = {.reason = drop_reason(ctx)};
  struct packet p = {};
  const u8 *head = BPF_CORE_READ(skb, head);
  const struct socket *s = NULL;
  u16 port;
  bool rtp;

  if (!parse(skb, head, &p))
    return 0;
  port = bpf_ntohs(p.udp.dport);
  if (watched(port))
    s = find_socket(p.dst, port);
  if (!s) {
    port = bpf_ntohs(p.udp.sport);
    if (watched(port))
      s = find_socket(p.src, port);
    if (!s)
      return 0;
    c.direction = FROM_SOCKET;
    sk = NULL;
  }
  /* Another socket's copy: a capture, or another member of a group. */
  if (sk) {
    if (s->cookie && BPF_CORE_READ(sk, __sk_common.skc_cookie.counter) != s->cookie)
      return 0;
  } else if (s->netns) {
    u64 netns = packet_namespace(skb);
    if (netns && netns != s->netns)
      return 0;
  }
  rtp = p.udp.version >> 6 == 2 && p.udp_offset + sizeof(p.udp) <= BPF_CORE_READ(skb, tail);
  c.stream = s->stream;
  if (s->has_peers)
    c.stream = find_peer(s, c.direction == TO_SOCKET ? p.src : p.dst, rtp, p.udp.ssrc);
  if (c.stream)
    count(&c, ctx[1], &p, rtp, packets_in(head, BPF_CORE_READ(skb, end)));
  return 0;
}

SEC("tp_btf/kfree_skb")
int kfree_skb_btf(u64 *ctx) { return dropped(ctx); }

SEC("raw_tp/kfree_skb")
int kfree_skb_raw(u64 *ctx) { return dropped(ctx); }

char __license[] SEC("license") = "Dual BSD/GPL";
