package gb28181

import (
	"context"
	"fmt"
	"strconv"
	"strings"
	"time"

	"github.com/emiago/sipgo/sip"
)

func atoi(s string, def int) int {
	n, err := strconv.Atoi(strings.TrimSpace(s))
	if err != nil {
		return def
	}
	return n
}

func itoa(n int) string { return strconv.Itoa(n) }

func clip(s string, n int) string {
	if len(s) > n {
		s = s[:n]
	}
	return strings.ToValidUTF8(s, "")
}

// onMessage takes a MANSCDP document (section 9.5 and annex A).
func (s *Server) onMessage(req *sip.Request, tx sip.ServerTransaction) {
	id := userOf(req)
	callID := ""
	if c := req.CallID(); c != nil {
		callID = c.Value()
	}
	doc := parseXML(req.Body())
	if doc.get("CmdType") == "MediaStatus" && s.mediaStatus(doc, callID) {
		s.answer(tx, req, sip.StatusOK, "OK")
		return
	}
	if !s.alive(id, req.Transport(), req.Source()) {
		s.answer(tx, req, sip.StatusForbidden, "Not registered")
		return
	}
	s.answer(tx, req, sip.StatusOK, "OK")
	if doc == nil || !strings.EqualFold(doc.name, "Response") {
		return // a keepalive, perhaps without its body, or a notice
	}
	switch doc.get("CmdType") {
	case "Catalog":
		s.onCatalog(id, doc)
	case "DeviceInfo":
		s.onDeviceInfo(id, doc)
	}
}

func (s *Server) onDeviceInfo(id string, doc *node) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if d := s.devices[id]; d != nil {
		d.name = clip(doc.get("DeviceName"), 128)
		d.manufacturer = clip(doc.get("Manufacturer"), 64)
		d.model = clip(doc.get("Model"), 64)
		d.firmware = clip(doc.get("Firmware"), 64)
	}
}

// mediaStatus ends the session that the notice is about: that of its Call-ID,
// since some devices put another number into From.
func (s *Server) mediaStatus(doc *node, callID string) bool {
	s.mu.Lock()
	ses := s.sessions[callID]
	s.mu.Unlock()
	if ses == nil {
		return false
	}
	if doc.number("NotifyType", 0) == 121 {
		ses.end(errEnded)
	}
	return true
}

// onBye ends the session of a dialog.
func (s *Server) onBye(req *sip.Request, tx sip.ServerTransaction) {
	var ses *session
	if c := req.CallID(); c != nil {
		s.mu.Lock()
		ses = s.sessions[c.Value()]
		s.mu.Unlock()
	}
	if ses == nil {
		s.answer(tx, req, sip.StatusCallTransactionDoesNotExists, "No such dialog")
		return
	}
	s.answer(tx, req, sip.StatusOK, "OK")
	ses.hungUp.Store(true)
	ses.end(errBye)
}

// peer is where a device is reached.
type peer struct{ id, network, addr string }

// request makes a request to a device; target is the device or a channel.
func (s *Server) request(method sip.RequestMethod, p peer, target string) *sip.Request {
	uri := sip.Uri{Scheme: "sip", User: target, Host: s.cfg.Realm}
	if h, port, err := sip.ParseAddr(p.addr); err == nil {
		uri.Host, uri.Port = h, port
	}
	req := sip.NewRequest(method, uri)
	from := &sip.FromHeader{Address: sip.Uri{Scheme: "sip", User: s.cfg.ID, Host: s.cfg.Realm}, Params: sip.NewParams()}
	from.Params.Add("tag", sip.GenerateTagN(12))
	req.AppendHeader(from)
	req.AppendHeader(&sip.ToHeader{Address: sip.Uri{Scheme: "sip", User: target, Host: s.cfg.Realm}, Params: sip.NewParams()})
	req.AppendHeader(sip.NewHeader("Contact", fmt.Sprintf("<sip:%s@%s>", s.cfg.ID, s.cfg.Listen)))
	s.route(req, p)
	return req
}

// route sends a request over the flow on which the device has come.
func (s *Server) route(req *sip.Request, p peer) {
	req.SetTransport(p.network)
	req.SetDestination(p.addr)
	if p.network == "UDP" {
		req.Laddr = sip.Addr{IP: s.cfg.Listen.Addr().AsSlice(), Port: int(s.cfg.Listen.Port())}
	}
}

// ask sends a MANSCDP document to a device and waits for the answer.
func (s *Server) ask(ctx context.Context, p peer, body string) error {
	req := s.request(sip.MESSAGE, p, p.id)
	req.AppendHeader(sip.NewHeader("Content-Type", "Application/MANSCDP+xml"))
	req.SetBody([]byte(body))
	ctx, cancel := context.WithTimeout(ctx, 10*time.Second)
	defer cancel()
	res, err := s.client.Do(ctx, req)
	if err != nil {
		return err
	}
	if res == nil { // the library, when it is closed meanwhile
		return errStopped
	}
	if !res.IsSuccess() {
		return fmt.Errorf("gb28181: %s answers %d %s", p.id, res.StatusCode, res.Reason)
	}
	return nil
}

func (d *device) peer() peer { return peer{d.id, d.network, d.addr} }
