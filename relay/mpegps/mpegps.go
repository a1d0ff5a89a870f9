// Package mpegps reads and writes MPEG program streams (ISO/IEC 13818-1) as
// GB/T 28181 cameras send them: one pack per picture, a system header and a
// program stream map with key frames. The reader survives what cameras get
// wrong, and begins again at the next pack after loss. The package knows
// neither RTP nor SIP, and decodes nothing.
package mpegps

// Codec names what an elementary stream holds.
type Codec string

// Codecs that a program stream map can name (GB/T 28181 annex C).
const (
	Unknown   Codec = ""
	H264      Codec = "H264"
	H265      Codec = "H265"
	MPEG4     Codec = "MPEG4"
	SVAC      Codec = "SVAC"
	PCMA      Codec = "PCMA"
	PCMU      Codec = "PCMU"
	G7221     Codec = "G722.1"
	G7231     Codec = "G723.1"
	G729      Codec = "G729"
	SVACAudio Codec = "SVACA"
	AAC       Codec = "AAC"
)

// Stream types of the program stream map.
const (
	typeMPEG4     = 0x10
	typeH264      = 0x1b
	typeH265      = 0x24
	typeSVAC      = 0x80
	typePCMA      = 0x90
	typePCMU      = 0x91
	typeG7221     = 0x92
	typeG7231     = 0x93
	typeG729      = 0x99
	typeSVACAudio = 0x9b
	typeAAC       = 0x0f
)

// Start codes, the byte after 00 00 01.
const (
	codeEnd      = 0xb9
	codePack     = 0xba
	codeSystem   = 0xbb
	codeMap      = 0xbc
	codePrivate1 = 0xbd
	codeAudio    = 0xc0 // to 0xdf
	codeVideo    = 0xe0 // to 0xef
)

func codecOf(streamType byte) Codec {
	switch streamType {
	case typeMPEG4:
		return MPEG4
	case typeH264:
		return H264
	case typeH265:
		return H265
	case typeSVAC:
		return SVAC
	case typePCMA:
		return PCMA
	case typePCMU:
		return PCMU
	case typeG7221:
		return G7221
	case typeG7231:
		return G7231
	case typeG729:
		return G729
	case typeSVACAudio:
		return SVACAudio
	case typeAAC:
		return AAC
	}
	return Unknown
}

func streamTypeOf(c Codec) byte {
	switch c {
	case MPEG4:
		return typeMPEG4
	case H265:
		return typeH265
	case SVAC:
		return typeSVAC
	case PCMA:
		return typePCMA
	case PCMU:
		return typePCMU
	case AAC:
		return typeAAC
	}
	return typeH264
}

func isVideo(id byte) bool { return id&0xf0 == codeVideo }
func isAudio(id byte) bool { return id&0xe0 == codeAudio }

// sniff guesses the codec of a picture from its first NAL units: parameter
// sets and what goes with them look different in each codec. It gives Unknown
// for pictures that could be of several.
func sniff(es []byte) Codec {
	for i := 0; i+5 < len(es) && i < 256; i++ {
		if es[i] != 0 || es[i+1] != 0 || es[i+2] != 1 {
			continue
		}
		b, next := es[i+3], es[i+4]
		switch {
		case b&0x81 == 0 && next == 1 && (b>>1 == 32 || b>>1 == 33 || b>>1 == 34):
			return H265 // VPS, SPS, PPS of layer 0
		case b == 0x67 || b == 0x27 || b == 0x47:
			return H264 // SPS
		case b == 0x5c || b == 0x1c || b == 0x3c || b == 0x7c:
			return SVAC // type 7 in (b>>2)&15, with a reference bit or without
		}
	}
	return Unknown
}
