package astiav

//#include <libavutil/avutil.h>
//#include <libavutil/mathematics.h>
import "C"

import "strconv"

// Rational is a fraction, FFmpeg's AVRational: time bases, frame rates, aspect
// ratios. The zero value is 0/0, which means unknown.
type Rational struct {
	c C.AVRational
}

func newRationalFromC(c C.AVRational) Rational { return Rational{c: c} }

// NewRational returns num/den, not reduced.
func NewRational(num, den int) Rational {
	return Rational{c: C.AVRational{num: C.int(num), den: C.int(den)}}
}

// Num returns the numerator.
func (r Rational) Num() int { return int(r.c.num) }

// SetNum sets the numerator.
func (r *Rational) SetNum(num int) { r.c.num = C.int(num) }

// Den returns the denominator.
func (r Rational) Den() int { return int(r.c.den) }

// SetDen sets the denominator.
func (r *Rational) SetDen(den int) { r.c.den = C.int(den) }

// Float64 returns the quotient, and 0 where either part is 0.
func (r Rational) Float64() float64 {
	if r.c.num == 0 || r.c.den == 0 {
		return 0
	}
	return float64(r.c.num) / float64(r.c.den)
}

// Invert returns den/num.
func (r Rational) Invert() Rational { return NewRational(r.Den(), r.Num()) }

// Add returns r + v, reduced.
func (r Rational) Add(v Rational) Rational { return Rational{c: C.av_add_q(r.c, v.c)} }

// Sub returns r - v, reduced.
func (r Rational) Sub(v Rational) Rational { return Rational{c: C.av_sub_q(r.c, v.c)} }

// Mul returns r * v, reduced.
func (r Rational) Mul(v Rational) Rational { return Rational{c: C.av_mul_q(r.c, v.c)} }

// Div returns r / v, reduced.
func (r Rational) Div(v Rational) Rational { return Rational{c: C.av_div_q(r.c, v.c)} }

// String returns "num/den", and "0" where either part is 0.
func (r Rational) String() string {
	if r.c.num == 0 || r.c.den == 0 {
		return "0"
	}
	return strconv.Itoa(r.Num()) + "/" + strconv.Itoa(r.Den())
}

// Rounding says how RescaleQRnd rounds.
type Rounding C.enum_AVRounding

// Rounding modes of libavutil/mathematics.h.
const (
	RoundingZero       = Rounding(C.AV_ROUND_ZERO)
	RoundingInf        = Rounding(C.AV_ROUND_INF)
	RoundingDown       = Rounding(C.AV_ROUND_DOWN)
	RoundingUp         = Rounding(C.AV_ROUND_UP)
	RoundingNearInf    = Rounding(C.AV_ROUND_NEAR_INF)
	RoundingPassMinmax = Rounding(C.AV_ROUND_PASS_MINMAX)
)

// RescaleQ converts a from time base b to time base c, rounding to nearest.
func RescaleQ(a int64, b Rational, c Rational) int64 {
	return int64(C.av_rescale_q(C.int64_t(a), b.c, c.c))
}

// RescaleQRnd converts a from time base b to time base c with the given rounding.
func RescaleQRnd(a int64, b Rational, c Rational, r Rounding) int64 {
	return int64(C.av_rescale_q_rnd(C.int64_t(a), b.c, c.c, C.enum_AVRounding(r)))
}

const (
	// NoPtsValue marks a timestamp that is not known.
	NoPtsValue = int64(C.AV_NOPTS_VALUE)
	// TimeBase is the number of FFmpeg's internal time units in a second.
	TimeBase = int(C.AV_TIME_BASE)
)

// TimeBaseQ is 1/TimeBase, the time base of FormatContext.Duration and StartTime.
var TimeBaseQ = NewRational(1, TimeBase)
