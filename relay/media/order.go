package media

// PictureOrder is what a picture's slice header says of its place in the show
// (H.264 section 8.2.1).
type PictureOrder struct {
	// LSB are the low bits of the picture order count, which count modulo Max.
	LSB, Max int
	// IDR says that counts begin anew.
	IDR bool
}

// order restores the order in which pictures are shown where a source stamps
// them in the order of decoding.
type order struct {
	bFrames bool
	picture func(nalus [][]byte) (PictureOrder, bool)

	seen    int
	rising  int // pictures in a row whose stamps rose
	lastU   int64
	begun   bool
	started bool
	msb     int
	lastLSB int
	index   int   // of the newest IDR picture, in decoding order
	counts  []int // picture order counts of the newest pictures
	unit    int   // of the picture order count for each picture
	decoded int
	first   int64 // stamp of the newest IDR picture
	step    float64
	delay   int
}

// reorders says whether pictures come in another order than they are shown.
func (o *order) reorders() bool { return o.bFrames }

// place gives a picture the time of its place in the show, and reports false
// where its own stamp is right.
func (o *order) place(*AccessUnit, int64) (int64, bool) { return 0, false }
