package gb28181

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"net/netip"
	"strings"
	"time"

	"github.com/emiago/sipgo"
	"github.com/emiago/sipgo/sip"
)

// Waits of an invitation.
const (
	inviteTime = 15 * time.Second
	byeTime    = 3 * time.Second
)

// statusError is a final answer other than success.
type statusError struct {
	status int
	reason string
}

func (e statusError) Error() string { return fmt.Sprintf("%d %s", e.status, e.reason) }

// dialog is an invitation that the device has taken. It is kept by hand, since
// devices leave out what the SIP library insists on: SDP, Contact, To tag.
type dialog struct {
	server *Server
	invite *sip.Request
	answer *sip.Response
	peer   peer
}

// takeSSRC makes an SSRC for a live stream: 0, the domain's digits 4 to 8, and
// four digits of its own.
func (s *Server) takeSSRC() uint32 {
	s.mu.Lock()
	defer s.mu.Unlock()
	domain := uint32(0)
	if len(s.cfg.Realm) >= 8 {
		domain = uint32(atoi(s.cfg.Realm[3:8], 0))
	}
	for range 10000 {
		s.nextSSRC = s.nextSSRC%9999 + 1
		if n := domain*10000 + s.nextSSRC; !s.ssrcs[n] {
			s.ssrcs[n] = true
			return n
		}
	}
	return 0
}

func (s *Server) giveSSRC(n uint32) {
	s.mu.Lock()
	defer s.mu.Unlock()
	delete(s.ssrcs, n)
}

// invite asks a device for a channel's live pictures. The session is known by
// the Call-ID from before the invitation is sent.
func (s *Server) invite(ctx context.Context, ses *session, o offer) (*dialog, description, error) {
	req := s.request(sip.INVITE, ses.device, o.channel)
	callID := sip.CallIDHeader(sip.GenerateTagN(24) + "@" + s.cfg.Listen.Addr().String())
	req.AppendHeader(&callID)
	req.AppendHeader(sip.NewHeader("Subject", fmt.Sprintf("%s:%010d,%s:0", o.channel, o.ssrc, s.cfg.ID)))
	req.AppendHeader(sip.NewHeader("Content-Type", "application/sdp"))
	req.SetBody([]byte(o.text()))
	s.mu.Lock()
	s.sessions[string(callID)] = ses
	s.mu.Unlock()

	ctx, cancel := context.WithTimeout(ctx, inviteTime)
	defer cancel()
	tx, err := s.client.TransactionRequest(ctx, req)
	if err != nil {
		return nil, description{}, err
	}
	d := &dialog{server: s, invite: req, peer: ses.device}
	for {
		select {
		case res := <-tx.Responses():
			if res.IsProvisional() {
				continue
			}
			if !res.IsSuccess() {
				tx.Terminate()
				return nil, description{}, statusError{res.StatusCode, res.Reason}
			}
			d.answer = res
			tx.OnRetransmission(func(r *sip.Response) {
				if r.IsSuccess() {
					d.ack()
				}
			})
			d.ack()
			return d, parseSDP(res.Body()), nil
		case <-tx.Done():
			// The library may be closed without an error.
			return nil, description{}, cmp.Or(tx.Err(), error(errStopped))
		case err := <-ses.done: // the device hangs up before it answers
			d.cancel(tx)
			return nil, description{}, err
		case <-ctx.Done():
			d.cancel(tx)
			if errors.Is(ctx.Err(), context.DeadlineExceeded) {
				return nil, description{}, sip.ErrTransactionTimeout
			}
			return nil, description{}, ctx.Err()
		}
	}
}

// forget ends the session's use of the dialog's Call-ID.
func (s *Server) forget(ses *session) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for id, x := range s.sessions {
		if x == ses {
			delete(s.sessions, id)
		}
	}
}

// within makes a request within the dialog.
func (d *dialog) within(method sip.RequestMethod, cseq uint32) *sip.Request {
	target := d.invite.Recipient
	if d.answer != nil {
		if c := d.answer.Contact(); c != nil && c.Address.Host != "" && c.Address.User != "" {
			target = c.Address
			target.UriParams = nil
		}
	}
	req := sip.NewRequest(method, target)
	if f := d.invite.From(); f != nil {
		req.AppendHeader(sip.HeaderClone(f))
	}
	to := sip.Header(d.invite.To())
	if d.answer != nil {
		if t := d.answer.To(); t != nil && !strings.HasSuffix(t.Address.Host, ".invalid") {
			to = t
		}
	}
	req.AppendHeader(sip.HeaderClone(to))
	if c := d.invite.CallID(); c != nil {
		req.AppendHeader(sip.HeaderClone(c))
	}
	req.AppendHeader(&sip.CSeqHeader{SeqNo: cseq, MethodName: method})
	p := d.peer
	d.server.mu.Lock()
	if dev := d.server.devices[p.id]; dev != nil {
		p = dev.peer() // it may have moved
	}
	d.server.mu.Unlock()
	d.server.route(req, p)
	return req
}

func (d *dialog) ack() {
	req := d.within(sip.ACK, d.invite.CSeq().SeqNo)
	if err := d.server.client.WriteRequest(req); err != nil {
		d.server.log.Debug("an ACK could not be sent", "device", d.peer.id, "err", err)
	}
}

// bye ends the dialog; the device may have gone already, or have moved behind
// its NAT meanwhile, so each try goes to where it was last seen.
func (d *dialog) bye() {
	for try := range uint32(3) {
		ctx, cancel := context.WithTimeout(context.Background(), byeTime/3)
		_, err := d.server.client.Do(ctx, d.within(sip.BYE, d.invite.CSeq().SeqNo+1+try))
		cancel()
		if err == nil {
			return
		}
		d.server.log.Debug("a BYE was not answered", "device", d.peer.id, "err", err)
	}
}

// cancel withdraws an invitation without an answer; should the device have
// taken it meanwhile, it is told goodbye.
func (d *dialog) cancel(tx sip.ClientTransaction) {
	req := sip.NewRequest(sip.CANCEL, d.invite.Recipient)
	for _, h := range []sip.Header{d.invite.Via(), d.invite.From(), d.invite.To(), d.invite.CallID()} {
		req.AppendHeader(sip.HeaderClone(h))
	}
	req.AppendHeader(&sip.CSeqHeader{SeqNo: d.invite.CSeq().SeqNo, MethodName: sip.CANCEL})
	d.server.route(req, d.peer)
	ctx, cancel := context.WithTimeout(context.Background(), byeTime)
	defer cancel()
	if ctx.Err() == nil {
		_, _ = d.server.client.Do(ctx, req, func(c *sipgo.Client, r *sip.Request) error {
			r.SetBody(nil)
			return nil
		})
	}
	for {
		select {
		case res := <-tx.Responses():
			if res.IsSuccess() {
				d.answer = res
				d.ack()
				d.bye()
			}
			if !res.IsProvisional() {
				return
			}
		case <-tx.Done():
			return
		case <-ctx.Done():
			tx.Terminate()
			return
		}
	}
}

// mediaAddr is where a device takes a connection for its media.
func mediaAddr(d description, p peer) (netip.AddrPort, error) {
	if d.port == 0 {
		return netip.AddrPort{}, errors.New("its answer has no port to connect to")
	}
	addr := d.addr
	if a, err := netip.ParseAddr(host(p.addr)); err == nil && (!addr.IsValid() || addr.IsUnspecified() || addr.IsPrivate() && !a.IsPrivate()) {
		addr = a.Unmap()
	}
	if !addr.IsValid() {
		return netip.AddrPort{}, errors.New("its answer has no address to connect to")
	}
	return netip.AddrPortFrom(addr, uint16(d.port)), nil
}
