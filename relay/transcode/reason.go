package transcode

import (
	"fmt"

	"sightline/relay/media"
)

// Reason says why browsers cannot show a track as it is, for people: "it is
// coded as H.265". It is empty for one that they can. B-frames are found in the
// pictures, see [media.HasBSlice].
func Reason(t media.Track) string {
	if t.Codec != media.H264 {
		return "it is coded as " + Spoken(t.Codec)
	}
	sps, err := media.ParseSPS(t.SPS)
	if err != nil {
		return ""
	}
	return profileReason(sps)
}

// BFrames is the reason of a stream that has them.
const BFrames = "it has B-frames"

// profileReason finds what browsers' decoders lack (ITU-T H.264 annex A.2).
func profileReason(s media.SPSInfo) string {
	switch s.ProfileIDC {
	case 110:
		return "its pictures have 10 bits"
	case 122:
		return "its colours are sampled 4:2:2"
	case 244, 44:
		return "its colours are sampled 4:4:4"
	case 88:
		return "it is of the Extended profile"
	}
	return ""
}

// Spoken names a codec for people.
func Spoken(c media.Codec) string {
	switch c {
	case media.H264:
		return "H.264"
	case media.H265:
		return "H.265"
	case media.JPEG:
		return "Motion JPEG"
	case "MP4V-ES":
		return "MPEG-4 part 2"
	case "MPV":
		return "MPEG-1 or MPEG-2"
	}
	return string(c)
}

// spsOf finds the sequence parameter set among a key frame's NAL units.
func spsOf(nalus [][]byte) (media.SPSInfo, error) {
	for _, n := range nalus {
		if media.NALUType(n) == 7 {
			return media.ParseSPS(n)
		}
	}
	return media.SPSInfo{}, fmt.Errorf("transcode: no sequence parameter set")
}
