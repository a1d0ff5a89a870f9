package main

import (
	"context"
	"crypto/rand"
	"fmt"
	"net"
	"net/netip"
	"os"
	"os/signal"
	"strconv"
	"strings"
	"syscall"
	"time"

	"github.com/pion/rtp"
	"github.com/pion/srtp/v3"

	"sightline/relay/media"
)

// bareProfile is what pion's viewers and the relay agree on.
const bareProfile = srtp.ProtectionProfileAeadAes256Gcm

// runBare is the least that any relay must do: the clip's packets, made once,
// are encrypted for each receiver and sent from one UDP socket, picture by
// picture in real time. Its arguments are the clip's byte stream and the
// receivers' ports on loopback, joined by commas.
func runBare(args []string) error {
	units, err := readUnits(args[0])
	if err != nil {
		return err
	}
	receivers, err := bareReceivers(strings.Split(args[1], ","))
	if err != nil {
		return err
	}
	conn, err := net.ListenUDP("udp4", &net.UDPAddr{IP: net.IPv4(127, 0, 0, 1)})
	if err != nil {
		return err
	}
	defer conn.Close()
	_ = conn.SetWriteBuffer(4 << 20)
	pictures := make([][][]byte, len(units))
	for i, u := range units {
		pictures[i] = media.Packetize(u.NALUs)
	}
	ctx, stop := signal.NotifyContext(context.Background(), syscall.SIGTERM)
	defer stop()
	fmt.Println("ready")
	frame := time.NewTicker(time.Second / clipFPS)
	defer frame.Stop()
	head := rtp.Header{Version: 2, PayloadType: 102}
	if err := head.SetExtension(1, []byte{0, 0, 0}); err != nil { // playout-delay, as the relay sends
		return err
	}
	for n := 0; ; n++ {
		select {
		case <-frame.C:
		case <-ctx.Done():
			return nil
		}
		payloads := pictures[n%len(pictures)]
		head.Timestamp = uint32(n * clipTicks)
		for i := range receivers {
			if err := receivers[i].send(conn, &head, payloads); err != nil {
				return err
			}
		}
	}
}

// bareReceiver is one receiver's share: its key, its numbers, its address.
type bareReceiver struct {
	context    *srtp.Context
	seq        uint16
	ssrc       uint32
	to         netip.AddrPort
	plain, out []byte
}

func bareReceivers(ports []string) ([]bareReceiver, error) {
	list := make([]bareReceiver, len(ports))
	for i, port := range ports {
		n, err := strconv.ParseUint(port, 10, 16)
		if err != nil {
			return nil, err
		}
		key, salt := make([]byte, 32), make([]byte, 12)
		_, _ = rand.Read(key) // never fails, see crypto/rand
		_, _ = rand.Read(salt)
		c, err := srtp.CreateContext(key, salt, bareProfile)
		if err != nil {
			return nil, err
		}
		list[i] = bareReceiver{context: c, ssrc: uint32(i + 1), plain: make([]byte, 2048), out: make([]byte, 0, 2048),
			to: netip.AddrPortFrom(netip.AddrFrom4([4]byte{127, 0, 0, 1}), uint16(n))}
	}
	return list, nil
}

func (r *bareReceiver) send(conn *net.UDPConn, head *rtp.Header, payloads [][]byte) error {
	head.SSRC = r.ssrc
	for k, p := range payloads {
		head.SequenceNumber, head.Marker = r.seq, k == len(payloads)-1
		r.seq++
		n, err := head.MarshalTo(r.plain)
		if err != nil {
			return err
		}
		n += copy(r.plain[n:], p)
		if r.out, err = r.context.EncryptRTP(r.out[:0], r.plain[:n], head); err != nil {
			return err
		}
		if _, err := conn.WriteToUDPAddrPort(r.out, r.to); err != nil {
			return err
		}
	}
	return nil
}

// runSink is a process of UDP sockets that read and forget; it prints their
// ports.
func runSink(args []string) error {
	n, err := strconv.Atoi(args[0])
	if err != nil {
		return err
	}
	var ports []string
	for range n {
		conn, err := net.ListenUDP("udp4", &net.UDPAddr{IP: net.IPv4(127, 0, 0, 1)})
		if err != nil {
			return err
		}
		defer conn.Close()
		ports = append(ports, strconv.Itoa(conn.LocalAddr().(*net.UDPAddr).Port))
		go func() {
			b := make([]byte, 2048)
			for {
				if _, _, err := conn.ReadFromUDPAddrPort(b); err != nil {
					return
				}
			}
		}()
	}
	fmt.Println(strings.Join(ports, ","))
	_, err = os.Stdin.Read(make([]byte, 1))
	_ = err // the end of the input is the order to go
	return nil
}
