package astiav

//#include "compat.h"
import "C"

// DictionaryFlag is a way to match or store dictionary entries (AV_DICT_*).
type DictionaryFlag int64

// Values of DictionaryFlag.
const (
	DictionaryFlagMatchCase     = DictionaryFlag(C.AV_DICT_MATCH_CASE)
	DictionaryFlagIgnoreSuffix  = DictionaryFlag(C.AV_DICT_IGNORE_SUFFIX)
	DictionaryFlagDontOverwrite = DictionaryFlag(C.AV_DICT_DONT_OVERWRITE)
	DictionaryFlagAppend        = DictionaryFlag(C.AV_DICT_APPEND)
	DictionaryFlagMultikey      = DictionaryFlag(C.AV_DICT_MULTIKEY)
)

// DictionaryFlags is a set of DictionaryFlag.
type DictionaryFlags = flagSet[DictionaryFlag]

// NewDictionaryFlags returns the set of fs.
func NewDictionaryFlags(fs ...DictionaryFlag) DictionaryFlags { return newFlagSet(fs) }

// DispositionFlag is a property of a stream within its container (AV_DISPOSITION_*).
type DispositionFlag int64

// Values of DispositionFlag.
const (
	DispositionFlagAttachedPic     = DispositionFlag(C.AV_DISPOSITION_ATTACHED_PIC)
	DispositionFlagCaptions        = DispositionFlag(C.AV_DISPOSITION_CAPTIONS)
	DispositionFlagCleanEffects    = DispositionFlag(C.AV_DISPOSITION_CLEAN_EFFECTS)
	DispositionFlagComment         = DispositionFlag(C.AV_DISPOSITION_COMMENT)
	DispositionFlagDefault         = DispositionFlag(C.AV_DISPOSITION_DEFAULT)
	DispositionFlagDependent       = DispositionFlag(C.AV_DISPOSITION_DEPENDENT)
	DispositionFlagDescriptions    = DispositionFlag(C.AV_DISPOSITION_DESCRIPTIONS)
	DispositionFlagDub             = DispositionFlag(C.AV_DISPOSITION_DUB)
	DispositionFlagForced          = DispositionFlag(C.AV_DISPOSITION_FORCED)
	DispositionFlagHearingImpaired = DispositionFlag(C.AV_DISPOSITION_HEARING_IMPAIRED)
	DispositionFlagKaraoke         = DispositionFlag(C.AV_DISPOSITION_KARAOKE)
	DispositionFlagLyrics          = DispositionFlag(C.AV_DISPOSITION_LYRICS)
	DispositionFlagMetadata        = DispositionFlag(C.AV_DISPOSITION_METADATA)
	DispositionFlagNonDiegetic     = DispositionFlag(C.AV_DISPOSITION_NON_DIEGETIC)
	DispositionFlagOriginal        = DispositionFlag(C.AV_DISPOSITION_ORIGINAL)
	DispositionFlagStillImage      = DispositionFlag(C.AV_DISPOSITION_STILL_IMAGE)
	DispositionFlagTimedThumbnails = DispositionFlag(C.AV_DISPOSITION_TIMED_THUMBNAILS)
	DispositionFlagVisualImpaired  = DispositionFlag(C.AV_DISPOSITION_VISUAL_IMPAIRED)
)

// DispositionFlags is a set of DispositionFlag.
type DispositionFlags = flagSet[DispositionFlag]

// NewDispositionFlags returns the set of fs.
func NewDispositionFlags(fs ...DispositionFlag) DispositionFlags { return newFlagSet(fs) }

// FormatContextFlag is a switch of a demuxer or muxer (AVFMT_FLAG_*).
type FormatContextFlag int64

// Values of FormatContextFlag.
const (
	FormatContextFlagAutoBsf        = FormatContextFlag(C.AVFMT_FLAG_AUTO_BSF)
	FormatContextFlagBitexact       = FormatContextFlag(C.AVFMT_FLAG_BITEXACT)
	FormatContextFlagCustomIo       = FormatContextFlag(C.AVFMT_FLAG_CUSTOM_IO)
	FormatContextFlagDiscardCorrupt = FormatContextFlag(C.AVFMT_FLAG_DISCARD_CORRUPT)
	FormatContextFlagFastSeek       = FormatContextFlag(C.AVFMT_FLAG_FAST_SEEK)
	FormatContextFlagFlushPackets   = FormatContextFlag(C.AVFMT_FLAG_FLUSH_PACKETS)
	FormatContextFlagGenPts         = FormatContextFlag(C.AVFMT_FLAG_GENPTS)
	FormatContextFlagIgnDts         = FormatContextFlag(C.AVFMT_FLAG_IGNDTS)
	FormatContextFlagIgnidx         = FormatContextFlag(C.AVFMT_FLAG_IGNIDX)
	FormatContextFlagNobuffer       = FormatContextFlag(C.AVFMT_FLAG_NOBUFFER)
	FormatContextFlagNofillin       = FormatContextFlag(C.AVFMT_FLAG_NOFILLIN)
	FormatContextFlagNonblock       = FormatContextFlag(C.AVFMT_FLAG_NONBLOCK)
	FormatContextFlagNoparse        = FormatContextFlag(C.AVFMT_FLAG_NOPARSE)
	FormatContextFlagSortDts        = FormatContextFlag(C.AVFMT_FLAG_SORT_DTS)
)

// FormatContextFlags is a set of FormatContextFlag.
type FormatContextFlags = flagSet[FormatContextFlag]

// NewFormatContextFlags returns the set of fs.
func NewFormatContextFlags(fs ...FormatContextFlag) FormatContextFlags { return newFlagSet(fs) }

// FormatContextCtxFlag is a property of an opened format (AVFMTCTX_*).
type FormatContextCtxFlag int64

// Values of FormatContextCtxFlag.
const (
	FormatContextCtxFlagNoHeader   = FormatContextCtxFlag(C.AVFMTCTX_NOHEADER)
	FormatContextCtxFlagUnseekable = FormatContextCtxFlag(C.AVFMTCTX_UNSEEKABLE)
)

// FormatContextCtxFlags is a set of FormatContextCtxFlag.
type FormatContextCtxFlags = flagSet[FormatContextCtxFlag]

// NewFormatContextCtxFlags returns the set of fs.
func NewFormatContextCtxFlags(fs ...FormatContextCtxFlag) FormatContextCtxFlags {
	return newFlagSet(fs)
}

// IOContextFlag is a way to open a byte stream (AVIO_FLAG_*).
type IOContextFlag int64

// Values of IOContextFlag.
const (
	IOContextFlagRead      = IOContextFlag(C.AVIO_FLAG_READ)
	IOContextFlagWrite     = IOContextFlag(C.AVIO_FLAG_WRITE)
	IOContextFlagReadWrite = IOContextFlag(C.AVIO_FLAG_READ_WRITE)
	IOContextFlagNonBlock  = IOContextFlag(C.AVIO_FLAG_NONBLOCK)
	IOContextFlagDirect    = IOContextFlag(C.AVIO_FLAG_DIRECT)
)

// IOContextFlags is a set of IOContextFlag.
type IOContextFlags = flagSet[IOContextFlag]

// NewIOContextFlags returns the set of fs.
func NewIOContextFlags(fs ...IOContextFlag) IOContextFlags { return newFlagSet(fs) }

// IOFormatFlag is a property of a container format (AVFMT_*).
type IOFormatFlag int64

// Values of IOFormatFlag.
const (
	IOFormatFlagNofile       = IOFormatFlag(C.AVFMT_NOFILE)
	IOFormatFlagNeednumber   = IOFormatFlag(C.AVFMT_NEEDNUMBER)
	IOFormatFlagExperimental = IOFormatFlag(C.AVFMT_EXPERIMENTAL)
	IOFormatFlagShowIds      = IOFormatFlag(C.AVFMT_SHOW_IDS)
	IOFormatFlagGlobalheader = IOFormatFlag(C.AVFMT_GLOBALHEADER)
	IOFormatFlagNotimestamps = IOFormatFlag(C.AVFMT_NOTIMESTAMPS)
	IOFormatFlagGenericIndex = IOFormatFlag(C.AVFMT_GENERIC_INDEX)
	IOFormatFlagTsDiscont    = IOFormatFlag(C.AVFMT_TS_DISCONT)
	IOFormatFlagVariableFps  = IOFormatFlag(C.AVFMT_VARIABLE_FPS)
	IOFormatFlagNodimensions = IOFormatFlag(C.AVFMT_NODIMENSIONS)
	IOFormatFlagNostreams    = IOFormatFlag(C.AVFMT_NOSTREAMS)
	IOFormatFlagNobinsearch  = IOFormatFlag(C.AVFMT_NOBINSEARCH)
	IOFormatFlagNogensearch  = IOFormatFlag(C.AVFMT_NOGENSEARCH)
	IOFormatFlagNoByteSeek   = IOFormatFlag(C.AVFMT_NO_BYTE_SEEK)
	IOFormatFlagTsNonstrict  = IOFormatFlag(C.AVFMT_TS_NONSTRICT)
	IOFormatFlagTsNegative   = IOFormatFlag(C.AVFMT_TS_NEGATIVE)
	IOFormatFlagSeekToPts    = IOFormatFlag(C.AVFMT_SEEK_TO_PTS)
)

// IOFormatFlags is a set of IOFormatFlag.
type IOFormatFlags = flagSet[IOFormatFlag]

// NewIOFormatFlags returns the set of fs.
func NewIOFormatFlags(fs ...IOFormatFlag) IOFormatFlags { return newFlagSet(fs) }

// PacketFlag is a property of a packet (AV_PKT_FLAG_*).
type PacketFlag int64

// Values of PacketFlag.
const (
	PacketFlagCorrupt = PacketFlag(C.AV_PKT_FLAG_CORRUPT)
	PacketFlagDiscard = PacketFlag(C.AV_PKT_FLAG_DISCARD)
	PacketFlagKey     = PacketFlag(C.AV_PKT_FLAG_KEY)
)

// PacketFlags is a set of PacketFlag.
type PacketFlags = flagSet[PacketFlag]

// NewPacketFlags returns the set of fs.
func NewPacketFlags(fs ...PacketFlag) PacketFlags { return newFlagSet(fs) }

// SeekFlag is a way to seek (AVSEEK_FLAG_*).
type SeekFlag int64

// Values of SeekFlag.
const (
	SeekFlagAny      = SeekFlag(C.AVSEEK_FLAG_ANY)
	SeekFlagBackward = SeekFlag(C.AVSEEK_FLAG_BACKWARD)
	SeekFlagByte     = SeekFlag(C.AVSEEK_FLAG_BYTE)
	SeekFlagFrame    = SeekFlag(C.AVSEEK_FLAG_FRAME)
)

// SeekFlags is a set of SeekFlag.
type SeekFlags = flagSet[SeekFlag]

// NewSeekFlags returns the set of fs.
func NewSeekFlags(fs ...SeekFlag) SeekFlags { return newFlagSet(fs) }
