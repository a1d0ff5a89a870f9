package media

// MaxPayload is the largest RTP payload the relay sends, in bytes: with the
// RTP header, a header extension and the SRTP tag it stays below the smallest
// IPv6 MTU (1280).
const MaxPayload = 1180

// Packetize cuts an access unit into RTP payloads by RFC 6184: parameter sets
// and other small NAL units that stand together go into one STAP-A, a NAL unit
// that fits goes as it is, a larger one as FU-A. The payloads of whole NAL
// units alias the access unit's memory. The marker bit belongs on the last
// payload (RFC 6184 section 5.1).
func Packetize(nalus [][]byte) [][]byte {
	out := make([][]byte, 0, len(nalus)+4)
	for i := 0; i < len(nalus); {
		n := nalus[i]
		if len(n) == 0 {
			i++
			continue
		}
		if len(n) > MaxPayload {
			out = appendFUA(out, n)
			i++
			continue
		}
		j, size := i, 1
		var nri byte
		for j < len(nalus) && len(nalus[j]) > 0 && size+2+len(nalus[j]) <= MaxPayload {
			size += 2 + len(nalus[j])
			nri = max(nri, nalus[j][0]&0x60)
			j++
		}
		if j-i < 2 {
			out = append(out, n)
			i++
			continue
		}
		p := make([]byte, 1, size)
		p[0] = nri | 24 // STAP-A, RFC 6184 section 5.7.1
		for ; i < j; i++ {
			p = append(p, byte(len(nalus[i])>>8), byte(len(nalus[i])))
			p = append(p, nalus[i]...)
		}
		out = append(out, p)
	}
	return out
}

// appendFUA cuts one NAL unit into fragments of equal size (RFC 6184 section
// 5.8), so that no tiny last packet costs a whole header.
func appendFUA(out [][]byte, nalu []byte) [][]byte {
	indicator, kind := nalu[0]&0xe0|28, nalu[0]&0x1f
	body := nalu[1:]
	count := (len(body) + MaxPayload - 3) / (MaxPayload - 2)
	size := (len(body) + count - 1) / count
	for first := true; len(body) > 0; first = false {
		n := min(size, len(body))
		p := make([]byte, 2+n)
		p[0], p[1] = indicator, kind
		if first {
			p[1] |= 0x80
		}
		if n == len(body) {
			p[1] |= 0x40
		}
		copy(p[2:], body[:n])
		out = append(out, p)
		body = body[n:]
	}
	return out
}
