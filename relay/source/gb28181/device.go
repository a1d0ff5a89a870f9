package gb28181

import (
	"net"
	"time"

	"github.com/emiago/sipgo/sip"
)

// device is one registered device; the server's lock guards it.
type device struct {
	id         string
	network    string // UDP or TCP
	addr       string // where it is reached, host:port
	version    string // X-GB-Ver
	agent      string
	registered time.Time
	expires    time.Time
	seen       time.Time // last sign of life
	online     bool
	callID     string // of the registration
	cseq       uint32
	nonceMade  time.Time // of the newest challenge that it answered

	name, manufacturer, model, firmware string
	catalog                             catalog
}

// refusal is a failed registration.
type refusal struct {
	at     time.Time
	addr   string
	reason string
}

// maxRefusals bounds the failures that are remembered.
const maxRefusals = 1000

const defaultExpires = 86400

// onRegister takes a registration (GB/T 28181-2022 section 9.1).
func (s *Server) onRegister(req *sip.Request, tx sip.ServerTransaction) {
	id := userOf(req)
	if id == "" {
		s.answer(tx, req, sip.StatusBadRequest, "No device number in From")
		return
	}
	now := time.Now()
	password, known := s.cfg.Password(id)
	if !known {
		s.refuse(id, req.Source(), "it has no password here")
		s.answer(tx, req, sip.StatusForbidden, "Unknown device")
		return
	}
	var auth authorization
	if h := req.GetHeader("Authorization"); h != nil {
		auth = parseAuthorization(h.Value())
	}
	if auth == nil {
		s.challenge(tx, req, false)
		return
	}
	made, ours := s.nonces.made(auth["nonce"])
	if !ours || now.Sub(made) > nonceLife {
		s.challenge(tx, req, true)
		return
	}
	if !auth.valid("REGISTER", password) || auth["username"] != id && auth["username"] != "" && !validID(auth["username"]) {
		s.refuse(id, req.Source(), "wrong password")
		s.answer(tx, req, sip.StatusForbidden, "Wrong password")
		return
	}
	expires := defaultExpires
	if h := req.GetHeader("Expires"); h != nil {
		expires = atoi(h.Value(), expires)
	} else if c := req.Contact(); c != nil && c.Params != nil {
		if v, ok := c.Params.Get("expires"); ok {
			expires = atoi(v, expires)
		}
	}
	expires = min(max(expires, 0), 7*86400)
	if !s.register(req, id, made, now, expires) {
		s.challenge(tx, req, true)
		return
	}
	headers := []sip.Header{
		// Beijing time, whatever the machine's zone.
		sip.NewHeader("Date", now.In(time.FixedZone("CST", 8*3600)).Format("2006-01-02T15:04:05.000")),
		sip.NewHeader("X-GB-Ver", "3.0"),
		sip.NewHeader("Expires", itoa(expires)),
	}
	if c := req.Contact(); c != nil {
		headers = append(headers, sip.NewHeader("Contact", c.Value()))
	}
	s.answer(tx, req, sip.StatusOK, "OK", headers...)
}

func (s *Server) challenge(tx sip.ServerTransaction, req *sip.Request, stale bool) {
	s.answer(tx, req, sip.StatusUnauthorized, "Unauthorized",
		sip.NewHeader("WWW-Authenticate", challenge(s.cfg.Realm, s.nonces.make(time.Now()), stale)),
		sip.NewHeader("X-GB-Ver", "3.0"))
}

// register notes a device that has signed in; it reports false where the
// answer to the challenge has been used before.
func (s *Server) register(req *sip.Request, id string, made, now time.Time, expires int) bool {
	callID, cseq := "", uint32(0)
	if c := req.CallID(); c != nil {
		callID = c.Value()
	}
	if c := req.CSeq(); c != nil {
		cseq = c.SeqNo
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	d := s.devices[id]
	if d == nil {
		if len(s.devices) >= maxDevices {
			return false
		}
		d = &device{id: id}
		s.devices[id] = d
	}
	again := d.callID == callID && d.cseq == cseq
	if !made.After(d.nonceMade) && !again {
		return false
	}
	fresh := !d.online || d.callID != callID
	d.nonceMade, d.callID, d.cseq = made, callID, cseq
	delete(s.refused, id)
	if expires == 0 {
		if d.online {
			s.log.Info("device signed off", "device", id)
		}
		d.online = false
		s.poke()
		return true
	}
	d.network, d.addr = req.Transport(), req.Source()
	d.registered, d.seen, d.expires = now, now, now.Add(time.Duration(expires)*time.Second)
	if v := req.GetHeader("X-GB-Ver"); v != nil {
		d.version = clip(v.Value(), 16)
	}
	if v := req.GetHeader("User-Agent"); v != nil {
		d.agent = clip(v.Value(), 64)
	}
	if !d.online {
		s.log.Info("device registered", "device", id, "from", d.addr, "transport", d.network, "version", d.version)
	}
	d.online = true
	s.poke()
	if fresh && !again {
		s.startCatalog(d, now)
	}
	return true
}

// refuse remembers why a device could not sign in, and logs it once a minute.
func (s *Server) refuse(id, from, reason string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	old, ok := s.refused[id]
	if !ok && len(s.refused) >= maxRefusals {
		for k := range s.refused {
			delete(s.refused, k)
			break
		}
	}
	now := time.Now()
	if ok && old.reason == reason && now.Sub(old.at) < time.Minute {
		return
	}
	s.refused[id] = refusal{at: now, addr: from, reason: reason}
	s.poke()
	s.log.Warn("device refused", "device", id, "from", from, "reason", reason)
}

// expire marks devices offline that have not reported for three intervals.
func (s *Server) expire(now time.Time) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, d := range s.devices {
		if d.online && (now.Sub(d.seen) > 3*s.cfg.Keepalive || now.After(d.expires)) {
			d.online = false
			s.log.Warn("device offline", "device", d.id, "silent", now.Sub(d.seen).Round(time.Second))
			s.poke()
		}
		if d.online {
			s.settleCatalog(d, now)
		}
	}
}

// alive notes a sign of life of a registered device. A message from another
// port follows the device through its NAT; one from another host does not: it
// proves nothing, and the refusal makes the device sign in again.
func (s *Server) alive(id, network, source string) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	d := s.devices[id]
	if d == nil || !d.online {
		return false
	}
	if d.addr != source || d.network != network {
		if host(d.addr) != host(source) {
			return false
		}
		s.log.Info("device moved", "device", id, "from", d.addr, "to", source, "transport", network)
		d.addr, d.network = source, network
	}
	d.seen = time.Now()
	return true
}

func host(addr string) string {
	h, _, err := net.SplitHostPort(addr)
	if err != nil {
		return addr
	}
	return h
}
