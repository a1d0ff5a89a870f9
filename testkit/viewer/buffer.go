package viewer

import (
	"net"

	"github.com/pion/transport/v4"
	"github.com/pion/transport/v4/stdnet"
)

// receiveBuffer lets a viewer on a busy machine sleep for a while without a
// loss that would be taken for the relay's: at 60 Mbit/s the system's default
// holds 15 ms.
const receiveBuffer = 2 << 20

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
