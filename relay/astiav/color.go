package astiav

//#include <libavutil/pixdesc.h>
import "C"

// ColorPrimaries says which red, green and blue a picture means (ITU-T H.273 ColourPrimaries).
type ColorPrimaries C.enum_AVColorPrimaries

// Values of ColorPrimaries.
const (
	ColorPrimariesReserved0   = ColorPrimaries(C.AVCOL_PRI_RESERVED0)
	ColorPrimariesBt709       = ColorPrimaries(C.AVCOL_PRI_BT709)
	ColorPrimariesUnspecified = ColorPrimaries(C.AVCOL_PRI_UNSPECIFIED)
	ColorPrimariesReserved    = ColorPrimaries(C.AVCOL_PRI_RESERVED)
	ColorPrimariesBt470M      = ColorPrimaries(C.AVCOL_PRI_BT470M)
	ColorPrimariesBt470Bg     = ColorPrimaries(C.AVCOL_PRI_BT470BG)
	ColorPrimariesSmpte170M   = ColorPrimaries(C.AVCOL_PRI_SMPTE170M)
	ColorPrimariesSmpte240M   = ColorPrimaries(C.AVCOL_PRI_SMPTE240M)
	ColorPrimariesFilm        = ColorPrimaries(C.AVCOL_PRI_FILM)
	ColorPrimariesBt2020      = ColorPrimaries(C.AVCOL_PRI_BT2020)
	ColorPrimariesSmpte428    = ColorPrimaries(C.AVCOL_PRI_SMPTE428)
	ColorPrimariesSmptest4281 = ColorPrimaries(C.AVCOL_PRI_SMPTEST428_1)
	ColorPrimariesSmpte431    = ColorPrimaries(C.AVCOL_PRI_SMPTE431)
	ColorPrimariesSmpte432    = ColorPrimaries(C.AVCOL_PRI_SMPTE432)
	ColorPrimariesJedecP22    = ColorPrimaries(C.AVCOL_PRI_JEDEC_P22)
	ColorPrimariesNb          = ColorPrimaries(C.AVCOL_PRI_NB)
)

// ColorRange is limited (Mpeg) or full (Jpeg) range.
type ColorRange C.enum_AVColorRange

// Values of ColorRange.
const (
	ColorRangeUnspecified = ColorRange(C.AVCOL_RANGE_UNSPECIFIED)
	ColorRangeMpeg        = ColorRange(C.AVCOL_RANGE_MPEG)
	ColorRangeJpeg        = ColorRange(C.AVCOL_RANGE_JPEG)
	ColorRangeNb          = ColorRange(C.AVCOL_RANGE_NB)
)

// ColorSpace is the matrix from RGB to YCbCr (ITU-T H.273 MatrixCoefficients).
type ColorSpace C.enum_AVColorSpace

// Values of ColorSpace.
const (
	ColorSpaceRgb              = ColorSpace(C.AVCOL_SPC_RGB)
	ColorSpaceBt709            = ColorSpace(C.AVCOL_SPC_BT709)
	ColorSpaceUnspecified      = ColorSpace(C.AVCOL_SPC_UNSPECIFIED)
	ColorSpaceReserved         = ColorSpace(C.AVCOL_SPC_RESERVED)
	ColorSpaceFcc              = ColorSpace(C.AVCOL_SPC_FCC)
	ColorSpaceBt470Bg          = ColorSpace(C.AVCOL_SPC_BT470BG)
	ColorSpaceSmpte170M        = ColorSpace(C.AVCOL_SPC_SMPTE170M)
	ColorSpaceSmpte240M        = ColorSpace(C.AVCOL_SPC_SMPTE240M)
	ColorSpaceYcgco            = ColorSpace(C.AVCOL_SPC_YCGCO)
	ColorSpaceYcocg            = ColorSpace(C.AVCOL_SPC_YCOCG)
	ColorSpaceBt2020Ncl        = ColorSpace(C.AVCOL_SPC_BT2020_NCL)
	ColorSpaceBt2020Cl         = ColorSpace(C.AVCOL_SPC_BT2020_CL)
	ColorSpaceSmpte2085        = ColorSpace(C.AVCOL_SPC_SMPTE2085)
	ColorSpaceChromaDerivedNcl = ColorSpace(C.AVCOL_SPC_CHROMA_DERIVED_NCL)
	ColorSpaceChromaDerivedCl  = ColorSpace(C.AVCOL_SPC_CHROMA_DERIVED_CL)
	ColorSpaceIctcp            = ColorSpace(C.AVCOL_SPC_ICTCP)
	ColorSpaceNb               = ColorSpace(C.AVCOL_SPC_NB)
)

// ColorTransferCharacteristic is the curve from light to signal (ITU-T H.273 TransferCharacteristics).
type ColorTransferCharacteristic C.enum_AVColorTransferCharacteristic

// Values of ColorTransferCharacteristic.
const (
	ColorTransferCharacteristicReserved0   = ColorTransferCharacteristic(C.AVCOL_TRC_RESERVED0)
	ColorTransferCharacteristicBt709       = ColorTransferCharacteristic(C.AVCOL_TRC_BT709)
	ColorTransferCharacteristicUnspecified = ColorTransferCharacteristic(C.AVCOL_TRC_UNSPECIFIED)
	ColorTransferCharacteristicReserved    = ColorTransferCharacteristic(C.AVCOL_TRC_RESERVED)
	ColorTransferCharacteristicGamma22     = ColorTransferCharacteristic(C.AVCOL_TRC_GAMMA22)
	ColorTransferCharacteristicGamma28     = ColorTransferCharacteristic(C.AVCOL_TRC_GAMMA28)
	ColorTransferCharacteristicSmpte170M   = ColorTransferCharacteristic(C.AVCOL_TRC_SMPTE170M)
	ColorTransferCharacteristicSmpte240M   = ColorTransferCharacteristic(C.AVCOL_TRC_SMPTE240M)
	ColorTransferCharacteristicLinear      = ColorTransferCharacteristic(C.AVCOL_TRC_LINEAR)
	ColorTransferCharacteristicLog         = ColorTransferCharacteristic(C.AVCOL_TRC_LOG)
	ColorTransferCharacteristicLogSqrt     = ColorTransferCharacteristic(C.AVCOL_TRC_LOG_SQRT)
	ColorTransferCharacteristicIec6196624  = ColorTransferCharacteristic(C.AVCOL_TRC_IEC61966_2_4)
	ColorTransferCharacteristicBt1361Ecg   = ColorTransferCharacteristic(C.AVCOL_TRC_BT1361_ECG)
	ColorTransferCharacteristicIec6196621  = ColorTransferCharacteristic(C.AVCOL_TRC_IEC61966_2_1)
	ColorTransferCharacteristicBt202010    = ColorTransferCharacteristic(C.AVCOL_TRC_BT2020_10)
	ColorTransferCharacteristicBt202012    = ColorTransferCharacteristic(C.AVCOL_TRC_BT2020_12)
	ColorTransferCharacteristicSmpte2084   = ColorTransferCharacteristic(C.AVCOL_TRC_SMPTE2084)
	ColorTransferCharacteristicSmptest2084 = ColorTransferCharacteristic(C.AVCOL_TRC_SMPTEST2084)
	ColorTransferCharacteristicSmpte428    = ColorTransferCharacteristic(C.AVCOL_TRC_SMPTE428)
	ColorTransferCharacteristicSmptest4281 = ColorTransferCharacteristic(C.AVCOL_TRC_SMPTEST428_1)
	ColorTransferCharacteristicAribStdB67  = ColorTransferCharacteristic(C.AVCOL_TRC_ARIB_STD_B67)
	ColorTransferCharacteristicNb          = ColorTransferCharacteristic(C.AVCOL_TRC_NB)
)

// ChromaLocation is where chroma samples lie between luma samples.
type ChromaLocation C.enum_AVChromaLocation

// Values of ChromaLocation.
const (
	ChromaLocationUnspecified = ChromaLocation(C.AVCHROMA_LOC_UNSPECIFIED)
	ChromaLocationLeft        = ChromaLocation(C.AVCHROMA_LOC_LEFT)
	ChromaLocationCenter      = ChromaLocation(C.AVCHROMA_LOC_CENTER)
	ChromaLocationTopleft     = ChromaLocation(C.AVCHROMA_LOC_TOPLEFT)
	ChromaLocationTop         = ChromaLocation(C.AVCHROMA_LOC_TOP)
	ChromaLocationBottomleft  = ChromaLocation(C.AVCHROMA_LOC_BOTTOMLEFT)
	ChromaLocationBottom      = ChromaLocation(C.AVCHROMA_LOC_BOTTOM)
	ChromaLocationNb          = ChromaLocation(C.AVCHROMA_LOC_NB)
)
