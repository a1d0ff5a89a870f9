// Package localca is the relay's own certificate authority, for browsers on
// the local network: they give WebGPU to secure pages only. It makes one
// authority per data folder and from it one server certificate for all names
// and addresses of the machine, which it renews by itself.
//
// It knows no HTTP: the caller serves [Authority.CA] and listens with
// [Authority.TLSConfig].
package localca

import (
	"bytes"
	"crypto"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"errors"
	"fmt"
	"io/fs"
	"log/slog"
	"math/big"
	"os"
	"path/filepath"
	"sync"
	"time"
)

const (
	day = 24 * time.Hour

	caLife    = 10 * 365 * day
	leafLife  = 397 * day // browsers refuse more than 398
	renewal   = 30 * day  // renewed when no more than this is left
	backdate  = time.Hour // for clients whose clocks are slow
	recheck   = 10 * time.Second
	caFile    = "authority.pem"
	leafFile  = "certificate.pem"
	pemCert   = "CERTIFICATE"
	pemKey    = "PRIVATE KEY"
	organizer = "Sightline"
)

// Authority is a local certificate authority with the machine's certificate.
// It is safe for concurrent use.
type Authority struct {
	dir     string
	machine func() Names
	log     *slog.Logger
	ca      pair

	mu      sync.Mutex
	leaf    pair
	checked time.Time
}

// pair is a certificate with its private key.
type pair struct {
	cert *x509.Certificate
	key  crypto.Signer
}

// Open loads the authority kept in dir, or makes one, and sees to it that its
// certificate covers the names that machine returns ([Machine] for this one).
// Files are readable by their owner alone.
//
// The authority may vouch for the machine's host names and for names under
// local, lan, home.arpa and internal, but for no name of the internet, so that
// nobody who steals its key can pose as a bank to those who trust it. A damaged
// file is an error and not replaced: browsers trust the authority it holds.
func Open(dir string, machine func() Names, log *slog.Logger) (*Authority, error) {
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return nil, fmt.Errorf("localca: %w", err)
	}
	a := &Authority{dir: dir, machine: machine, log: log}
	names := machine()
	if err := a.openCA(names); err != nil {
		return nil, err
	}
	if leaf, err := readPair(filepath.Join(dir, leafFile)); err == nil {
		a.leaf = leaf
	}
	if err := a.renew(names); err != nil {
		return nil, err
	}
	return a, nil
}

// CA returns the authority's certificate in PEM, to be installed in browsers.
func (a *Authority) CA() []byte {
	return pem.EncodeToMemory(&pem.Block{Type: pemCert, Bytes: a.ca.cert.Raw})
}

// TLSConfig returns a server configuration that always presents a current
// certificate.
func (a *Authority) TLSConfig() *tls.Config {
	return &tls.Config{MinVersion: tls.VersionTLS12, NextProtos: []string{"h2", "http/1.1"}, GetCertificate: a.certificate}
}

// certificate returns the leaf, renewed if the machine has new names or it is
// about to expire. When that fails the old one is better than none.
func (a *Authority) certificate(*tls.ClientHelloInfo) (*tls.Certificate, error) {
	a.mu.Lock()
	defer a.mu.Unlock()
	if now := time.Now(); now.Sub(a.checked) >= recheck {
		a.checked = now
		if err := a.renew(a.machine()); err != nil {
			a.log.Error("the TLS certificate cannot be renewed", "error", err)
		}
	}
	return &tls.Certificate{Certificate: [][]byte{a.leaf.cert.Raw, a.ca.cert.Raw}, PrivateKey: a.leaf.key, Leaf: a.leaf.cert}, nil
}

// openCA loads the authority or makes it. A second process that makes one at
// the same time loses, and loads the first's.
func (a *Authority) openCA(names Names) error {
	file := filepath.Join(a.dir, caFile)
	ca, err := readPair(file)
	if errors.Is(err, fs.ErrNotExist) {
		if ca, err = newCA(names); err != nil {
			return fmt.Errorf("localca: %w", err)
		}
		err = writePair(file, ca, true)
		if errors.Is(err, fs.ErrExist) {
			ca, err = readPair(file)
		} else if err == nil {
			a.log.Info("made a local certificate authority", "file", file, "until", ca.cert.NotAfter.Format(time.DateOnly))
		}
	}
	if err != nil {
		return fmt.Errorf("localca: %s: %w; delete the file to make a new authority", file, err)
	}
	if !ca.cert.IsCA {
		return fmt.Errorf("localca: %s holds no authority; delete the file to make a new one", file)
	}
	if time.Now().After(ca.cert.NotAfter.Add(-renewal)) {
		return fmt.Errorf("localca: the authority in %s ends on %s; delete the file to make a new one",
			file, ca.cert.NotAfter.Format(time.DateOnly))
	}
	a.ca = ca
	return nil
}

// renew makes a new leaf unless the present one will do.
func (a *Authority) renew(names Names) error {
	names = a.permitted(names)
	if a.current(names) {
		return nil
	}
	leaf, err := a.newLeaf(names)
	if err != nil {
		return fmt.Errorf("localca: %w", err)
	}
	if err := writePair(filepath.Join(a.dir, leafFile), leaf, false); err != nil {
		return fmt.Errorf("localca: %w", err)
	}
	a.leaf = leaf
	a.log.Info("made a TLS certificate", "names", names.String(), "until", leaf.cert.NotAfter.Format(time.DateOnly))
	return nil
}

// current says whether the leaf comes from this authority, lasts, and covers
// the names. It may cover more: an address that comes and goes is no reason to
// renew.
func (a *Authority) current(names Names) bool {
	c := a.leaf.cert
	if c == nil || c.CheckSignatureFrom(a.ca.cert) != nil {
		return false
	}
	if now := time.Now(); now.Before(c.NotBefore) || now.After(c.NotAfter.Add(-renewal)) {
		return false
	}
	for _, n := range names.DNS {
		if c.VerifyHostname(n) != nil {
			return false
		}
	}
	for _, ip := range names.IPs {
		if c.VerifyHostname(ip.String()) != nil {
			return false
		}
	}
	return true
}

func newCA(names Names) (pair, error) {
	title := "Sightline local authority"
	if len(names.DNS) > 0 {
		title += " of " + names.DNS[0]
	}
	now := time.Now()
	return sign(&x509.Certificate{
		Subject:   pkix.Name{Organization: []string{organizer}, CommonName: title},
		NotBefore: now.Add(-backdate), NotAfter: now.Add(caLife),
		IsCA: true, BasicConstraintsValid: true, MaxPathLenZero: true,
		KeyUsage:                    x509.KeyUsageCertSign | x509.KeyUsageCRLSign,
		ExtKeyUsage:                 []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth},
		PermittedDNSDomainsCritical: true,
		PermittedDNSDomains:         unique(append([]string{"localhost", "local", "lan", "home.arpa", "internal"}, names.DNS...)),
	}, pair{})
}

func (a *Authority) newLeaf(names Names) (pair, error) {
	now := time.Now()
	until := now.Add(leafLife)
	if until.After(a.ca.cert.NotAfter) {
		until = a.ca.cert.NotAfter
	}
	t := &x509.Certificate{
		Subject:   pkix.Name{Organization: []string{organizer}},
		NotBefore: now.Add(-backdate), NotAfter: until,
		BasicConstraintsValid: true,
		KeyUsage:              x509.KeyUsageDigitalSignature,
		ExtKeyUsage:           []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth},
		DNSNames:              names.DNS,
	}
	for _, ip := range names.IPs {
		t.IPAddresses = append(t.IPAddresses, ip.AsSlice())
	}
	return sign(t, a.ca)
}

// sign makes a key and signs t for it, by itself when there is no issuer.
func sign(t *x509.Certificate, issuer pair) (pair, error) {
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		return pair{}, err
	}
	if t.SerialNumber, err = rand.Int(rand.Reader, new(big.Int).Lsh(big.NewInt(1), 127)); err != nil {
		return pair{}, err
	}
	if issuer.cert == nil {
		issuer = pair{t, key}
	}
	der, err := x509.CreateCertificate(rand.Reader, t, issuer.cert, key.Public(), issuer.key)
	if err != nil {
		return pair{}, err
	}
	cert, err := x509.ParseCertificate(der)
	return pair{cert, key}, err
}

func readPair(file string) (pair, error) {
	data, err := os.ReadFile(file)
	if err != nil {
		return pair{}, err
	}
	c, err := tls.X509KeyPair(data, data)
	if err != nil {
		return pair{}, err
	}
	key, ok := c.PrivateKey.(crypto.Signer)
	if !ok {
		return pair{}, fmt.Errorf("the key is a %T", c.PrivateKey)
	}
	return pair{c.Leaf, key}, os.Chmod(file, 0o600)
}

// writePair writes certificate and key as one file, whole or not at all. With
// once it fails with fs.ErrExist where there is a file already.
func writePair(file string, p pair, once bool) (err error) {
	der, err := x509.MarshalPKCS8PrivateKey(p.key)
	if err != nil {
		return err
	}
	var b bytes.Buffer
	for _, block := range []*pem.Block{{Type: pemCert, Bytes: p.cert.Raw}, {Type: pemKey, Bytes: der}} {
		if err := pem.Encode(&b, block); err != nil {
			return err
		}
	}
	tmp, err := os.CreateTemp(filepath.Dir(file), ".new-*") // mode 0600
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, ignoreMissing(os.Remove(tmp.Name()))) }()
	if _, err := tmp.Write(b.Bytes()); err != nil {
		return errors.Join(err, tmp.Close())
	}
	if err := tmp.Sync(); err != nil {
		return errors.Join(err, tmp.Close())
	}
	if err := tmp.Close(); err != nil {
		return err
	}
	if once {
		err = os.Link(tmp.Name(), file)
	} else {
		err = os.Rename(tmp.Name(), file)
	}
	if err != nil {
		return err
	}
	folder, err := os.Open(filepath.Dir(file))
	if err != nil {
		return err
	}
	return errors.Join(folder.Sync(), folder.Close())
}

func ignoreMissing(err error) error {
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	return err
}
