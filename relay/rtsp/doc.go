// Package rtsp is the wire format of RTSP 1.0 (RFC 2326): addresses, requests
// and responses, interleaved frames, and the headers Transport, Session,
// RTP-Info, WWW-Authenticate and Authorization. It opens no connection, keeps
// no session and knows neither cameras nor viewers; the client in source/rtsp
// and any server build on it.
//
// Reading is tolerant of what real cameras send (bare line feeds, folded or
// malformed header lines, missing ranges) and strict about size; writing is
// strict.
package rtsp
