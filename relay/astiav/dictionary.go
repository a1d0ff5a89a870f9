package astiav

//#include <libavutil/dict.h>
//#include <stdlib.h>
import "C"

import "unsafe"

// Dictionary holds options or metadata, string to string (AVDictionary). A call
// that takes options removes those it understood; what is left was not.
type Dictionary struct {
	c *C.AVDictionary
}

// NewDictionary returns an empty dictionary. The caller frees it.
func NewDictionary() *Dictionary { return &Dictionary{} }

func newDictionaryFromC(c *C.AVDictionary) *Dictionary {
	if c == nil {
		return nil
	}
	return &Dictionary{c: c}
}

// ptr returns where FFmpeg may replace the dictionary; nil for a nil Dictionary.
func (d *Dictionary) ptr() **C.AVDictionary {
	if d == nil {
		return nil
	}
	return &d.c
}

// Set stores value under key; flags say what happens to a value already there.
func (d *Dictionary) Set(key, value string, flags DictionaryFlags) error {
	k, v := C.CString(key), C.CString(value)
	defer C.free(unsafe.Pointer(k))
	defer C.free(unsafe.Pointer(v))
	return newError(C.av_dict_set(&d.c, k, v, C.int(flags)))
}

// ParseString adds the pairs of a text such as "a=1:b=2".
func (d *Dictionary) ParseString(i, keyValSep, pairsSep string, flags DictionaryFlags) error {
	text, kv, pairs := C.CString(i), C.CString(keyValSep), C.CString(pairsSep)
	defer C.free(unsafe.Pointer(text))
	defer C.free(unsafe.Pointer(kv))
	defer C.free(unsafe.Pointer(pairs))
	return newError(C.av_dict_parse_string(&d.c, text, kv, pairs, C.int(flags)))
}

// Get returns the first entry after prev (nil: from the start) that matches key,
// or nil. The entry borrows from the dictionary. An empty key with
// DictionaryFlagIgnoreSuffix walks through all entries.
func (d *Dictionary) Get(key string, prev *DictionaryEntry, flags DictionaryFlags) *DictionaryEntry {
	k := C.CString(key)
	defer C.free(unsafe.Pointer(k))
	var after *C.AVDictionaryEntry
	if prev != nil {
		after = prev.c
	}
	e := C.av_dict_get(d.c, k, after, C.int(flags))
	if e == nil {
		return nil
	}
	return &DictionaryEntry{c: e}
}

// Copy adds all entries to dst.
func (d *Dictionary) Copy(dst *Dictionary, flags DictionaryFlags) error {
	return newError(C.av_dict_copy(&dst.c, d.c, C.int(flags)))
}

// Free releases all entries.
func (d *Dictionary) Free() { C.av_dict_free(&d.c) }

// DictionaryEntry is one pair of a Dictionary.
type DictionaryEntry struct {
	c *C.AVDictionaryEntry
}

// Key returns the key.
func (e DictionaryEntry) Key() string { return C.GoString(e.c.key) }

// Value returns the value.
func (e DictionaryEntry) Value() string { return C.GoString(e.c.value) }
