package viewer

import (
	"io"
	"net"

	"github.com/pion/transport/v4"
	"github.com/pion/transport/v4/packetio"
	"github.com/pion/transport/v4/stdnet"
)

// receiveBuffer lets a viewer on a busy machine sleep for a while without a
// loss that would be taken for the relay's: at 60 Mbit/s the system's default
// holds 15 ms.
const receiveBuffer = 4 << 20

// bufferedNet is the system's network with larger buffers for UDP.
type bufferedNet struct{ *stdnet.Net }

func newBufferedNet() (bufferedNet, error) {
	n, err := stdnet.NewNet()
	return bufferedNet{n}, err
}

// ListenUDP implements transport.Net.
func (n bufferedNet) ListenUDP(network string, at *net.UDPAddr) (transport.UDPConn, error) {
	c, err := n.Net.ListenUDP(network, at)
	if err == nil {
		_ = c.SetReadBuffer(receiveBuffer) // the system takes less where it allows less
	}
	return c, err
}

// roomyBuffer holds a track's packets between the session and its reader, which
// by pion's default loses the newest beyond 1 MB.
func roomyBuffer(packetio.BufferPacketType, uint32) io.ReadWriteCloser {
	b := packetio.NewBuffer()
	b.SetLimitSize(16 << 20)
	return b
}
