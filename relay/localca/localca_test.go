package localca

import (
	"crypto/tls"
	"crypto/x509"
	"errors"
	"log/slog"
	"net"
	"net/netip"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"
)

func names(dns string, ips ...string) Names {
	n := Names{DNS: strings.Fields(dns)}
	for _, ip := range ips {
		n.IPs = append(n.IPs, netip.MustParseAddr(ip))
	}
	return n
}

func fixed(n Names) func() Names { return func() Names { return n } }

func open(t *testing.T, dir string, machine func() Names) *Authority {
	t.Helper()
	a, err := Open(dir, machine, slog.New(slog.DiscardHandler))
	if err != nil {
		t.Fatal(err)
	}
	return a
}

func pool(t *testing.T, a *Authority) *x509.CertPool {
	t.Helper()
	p := x509.NewCertPool()
	if !p.AppendCertsFromPEM(a.CA()) {
		t.Fatal("the CA is no PEM certificate")
	}
	return p
}

// handshake connects a client that trusts the pool to a server of the
// authority and returns the client's view.
func handshake(t *testing.T, a *Authority, roots *x509.CertPool, name string) (tls.ConnectionState, error) {
	t.Helper()
	s, c := net.Pipe()
	defer s.Close()
	defer c.Close()
	server := make(chan error, 1)
	go func() {
		err := tls.Server(s, a.TLSConfig()).Handshake()
		server <- err
		s.Close()
	}()
	client := tls.Client(c, &tls.Config{RootCAs: roots, ServerName: name, NextProtos: []string{"h2"}})
	err := client.Handshake()
	c.Close()
	<-server
	return client.ConnectionState(), err
}

func TestHandshakeForEachName(t *testing.T) {
	a := open(t, t.TempDir(), fixed(names("gate.example gate.local localhost", "127.0.0.1", "::1", "192.0.2.7", "2001:db8::7")))
	roots := pool(t, a)
	for _, name := range []string{"gate.example", "gate.local", "localhost", "127.0.0.1", "::1", "192.0.2.7", "2001:db8::7"} {
		st, err := handshake(t, a, roots, name)
		if err != nil {
			t.Errorf("%s: %v", name, err)
			continue
		}
		leaf := st.PeerCertificates[0]
		if life := leaf.NotAfter.Sub(leaf.NotBefore); life > 398*day {
			t.Errorf("%s: the certificate lasts %v", name, life)
		}
		if st.NegotiatedProtocol != "h2" {
			t.Errorf("%s: protocol %q", name, st.NegotiatedProtocol)
		}
	}
	if _, err := handshake(t, a, roots, "192.0.2.8"); err == nil {
		t.Error("a name that is not the machine's was accepted")
	}
	if _, err := handshake(t, a, x509.NewCertPool(), "localhost"); err == nil {
		t.Error("accepted without trusting the authority")
	}
}

func TestHandshakeOverTCPForThisMachine(t *testing.T) {
	a := open(t, t.TempDir(), Machine)
	l, err := tls.Listen("tcp", "127.0.0.1:0", a.TLSConfig())
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	done := make(chan error, 1)
	go func() {
		c, err := l.Accept()
		if err == nil {
			err = c.(*tls.Conn).Handshake()
			c.Close()
		}
		done <- err
	}()
	c, err := tls.Dial("tcp", l.Addr().String(), &tls.Config{RootCAs: pool(t, a)})
	if err != nil {
		t.Fatal(err)
	}
	c.Close()
	if err := <-done; err != nil {
		t.Fatal(err)
	}
}

// Whoever steals the authority's key cannot pose as a site of the internet.
func TestTheAuthorityIsConstrained(t *testing.T) {
	a := open(t, t.TempDir(), fixed(names("gate localhost", "127.0.0.1")))
	for name, want := range map[string]bool{"bank.example": false, "gate": true, "yard.local": true, "localhost.bank.example": false} {
		evil, err := a.newLeaf(names(name))
		if err != nil {
			t.Fatal(err)
		}
		_, err = evil.cert.Verify(x509.VerifyOptions{Roots: pool(t, a), DNSName: name})
		if (err == nil) != want {
			t.Errorf("%s: %v", name, err)
		}
	}
	if c := a.ca.cert; !c.MaxPathLenZero || !c.PermittedDNSDomainsCritical || c.NotAfter.Sub(c.NotBefore) > 11*365*day {
		t.Errorf("authority %+v", c)
	}
}

func TestKeptBetweenRuns(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "data", "tls")
	n := names("gate localhost", "192.0.2.7")
	first := open(t, dir, fixed(n))
	second := open(t, dir, fixed(n))
	if string(first.CA()) != string(second.CA()) || !first.leaf.cert.Equal(second.leaf.cert) {
		t.Error("a second run made new certificates")
	}
	files, err := os.ReadDir(dir)
	if err != nil {
		t.Fatal(err)
	}
	var list []string
	for _, f := range files {
		info, err := f.Info()
		if err != nil {
			t.Fatal(err)
		}
		list = append(list, f.Name())
		if info.Mode().Perm() != 0o600 {
			t.Errorf("%s has mode %v", f.Name(), info.Mode())
		}
	}
	if want := []string{"authority.pem", "certificate.pem"}; !slices.Equal(list, want) {
		t.Errorf("files %q", list)
	}
	if info, err := os.Stat(dir); err != nil || info.Mode().Perm() != 0o700 {
		t.Errorf("folder %v, %v", info.Mode(), err)
	}
}

func TestFilesReadableByOthersAreClosed(t *testing.T) {
	dir := t.TempDir()
	open(t, dir, fixed(names("localhost")))
	if err := os.Chmod(filepath.Join(dir, caFile), 0o644); err != nil {
		t.Fatal(err)
	}
	open(t, dir, fixed(names("localhost")))
	if info, err := os.Stat(filepath.Join(dir, caFile)); err != nil || info.Mode().Perm() != 0o600 {
		t.Errorf("mode %v, %v", info.Mode(), err)
	}
}

func TestRenewedWhenAnAddressComes(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		now := names("gate", "192.0.2.7")
		a := open(t, t.TempDir(), func() Names { return now })
		roots := pool(t, a)
		if _, err := handshake(t, a, roots, "192.0.2.7"); err != nil {
			t.Fatal(err)
		}
		old := a.leaf.cert
		now = names("gate", "192.0.2.99")
		time.Sleep(recheck)
		if _, err := handshake(t, a, roots, "192.0.2.99"); err != nil {
			t.Error(err)
		}
		now = names("gate") // it went; that alone is no reason
		time.Sleep(recheck)
		before := a.leaf.cert
		if _, err := handshake(t, a, roots, "gate"); err != nil {
			t.Error(err)
		}
		if !a.leaf.cert.Equal(before) || before.Equal(old) {
			t.Error("renewed at the wrong time")
		}
	})
}

func TestRenewedBeforeItExpires(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		dir := t.TempDir()
		a := open(t, dir, fixed(names("gate")))
		roots := pool(t, a)
		for range 9 { // more than nine years
			old := a.leaf.cert
			time.Sleep(leafLife - renewal + time.Hour)
			st, err := handshake(t, a, roots, "gate")
			if err != nil {
				t.Fatal(err)
			}
			if st.PeerCertificates[0].Equal(old) || time.Until(st.PeerCertificates[0].NotAfter) < renewal {
				t.Fatalf("at %v the certificate is still that until %v", time.Now(), old.NotAfter)
			}
			if err := st.PeerCertificates[0].CheckSignatureFrom(a.ca.cert); err != nil {
				t.Fatal(err)
			}
		}
		time.Sleep(time.Until(a.ca.cert.NotAfter) - renewal + time.Hour)
		if _, err := Open(dir, fixed(names("gate")), slog.New(slog.DiscardHandler)); err == nil || !strings.Contains(err.Error(), "delete the file") {
			t.Errorf("an authority about to end: %v", err)
		}
	})
}

func TestAFailedRenewalKeepsTheOldCertificate(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		dir := filepath.Join(t.TempDir(), "tls")
		now := names("gate")
		a := open(t, dir, func() Names { return now })
		if err := os.RemoveAll(dir); err != nil {
			t.Fatal(err)
		}
		now = names("gate", "192.0.2.7")
		time.Sleep(recheck)
		if _, err := handshake(t, a, pool(t, a), "gate"); err != nil {
			t.Error(err)
		}
	})
}

func TestDamagedAuthorityIsNotReplaced(t *testing.T) {
	dir := t.TempDir()
	a := open(t, dir, fixed(names("gate")))
	good, err := os.ReadFile(filepath.Join(dir, caFile))
	if err != nil {
		t.Fatal(err)
	}
	leaf, err := os.ReadFile(filepath.Join(dir, leafFile))
	if err != nil {
		t.Fatal(err)
	}
	for what, data := range map[string][]byte{"empty": {}, "cut": good[:len(good)/2], "certificate only": a.CA(), "no authority": leaf} {
		if err := os.WriteFile(filepath.Join(dir, caFile), data, 0o600); err != nil {
			t.Fatal(err)
		}
		if _, err := Open(dir, fixed(names("gate")), slog.New(slog.DiscardHandler)); err == nil || !strings.Contains(err.Error(), caFile) || !strings.Contains(err.Error(), "delete the file") {
			t.Errorf("%s: %v", what, err)
		}
		if got, _ := os.ReadFile(filepath.Join(dir, caFile)); string(got) != string(data) {
			t.Errorf("%s: the file was replaced", what)
		}
	}
}

func TestDamagedCertificateIsReplaced(t *testing.T) {
	dir := t.TempDir()
	a := open(t, dir, fixed(names("gate")))
	if err := os.WriteFile(filepath.Join(dir, leafFile), []byte("x"), 0o600); err != nil {
		t.Fatal(err)
	}
	b := open(t, dir, fixed(names("gate")))
	if _, err := handshake(t, b, pool(t, a), "gate"); err != nil {
		t.Error(err)
	}
}

func TestTwoProcessesShareOneAuthority(t *testing.T) {
	dir := t.TempDir()
	var wg sync.WaitGroup
	all := make([]*Authority, 8)
	for i := range all {
		wg.Go(func() {
			a, err := Open(dir, fixed(names("gate")), slog.New(slog.DiscardHandler))
			if err != nil {
				t.Error(err)
				return
			}
			all[i] = a
		})
	}
	wg.Wait()
	for _, a := range all[1:] {
		if a == nil || all[0] == nil || string(a.CA()) != string(all[0].CA()) {
			t.Fatal("different authorities")
		}
	}
}

func TestUnwritableFolder(t *testing.T) {
	file := filepath.Join(t.TempDir(), "file")
	if err := os.WriteFile(file, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	_, err := Open(filepath.Join(file, "tls"), Machine, slog.New(slog.DiscardHandler))
	if _, ok := errors.AsType[*os.PathError](err); !ok {
		t.Errorf("err = %v", err)
	}
}

func TestNamesThatCannotBeCertified(t *testing.T) {
	a := open(t, t.TempDir(), fixed(names("gate localhost")))
	got := a.permitted(names("gate GATE bad_name -x other.example yard.local", "192.0.2.7", "::ffff:192.0.2.7", "0.0.0.0", "224.0.0.1", "fe80::1%eth0"))
	if got.String() != "gate yard.local 192.0.2.7 fe80::1" {
		t.Errorf("names %q", got)
	}
}

func TestMachine(t *testing.T) {
	n := Machine()
	if !slices.Contains(n.DNS, "localhost") || !slices.Contains(n.IPs, netip.MustParseAddr("127.0.0.1")) || !slices.Contains(n.IPs, netip.IPv6Loopback()) {
		t.Errorf("names %v", n)
	}
}
