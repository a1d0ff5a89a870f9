package config

import "log/slog"

const redacted = "***"

// Secret is a value that never shows: whatever prints, logs or encodes it gets
// "***". Only Reveal gives it. The zero value is an absent secret.
type Secret struct {
	// A pointer, so that even a printer that ignores methods (fmt with an
	// unexported field) shows an address and not the value.
	value *string
}

// NewSecret wraps a value; an empty one gives the absent secret.
func NewSecret(value string) Secret {
	if value == "" {
		return Secret{}
	}
	return Secret{&value}
}

// Reveal returns the value, for the one place that sends it.
func (s Secret) Reveal() string {
	if s.value == nil {
		return ""
	}
	return *s.value
}

// IsZero says that there is no secret.
func (s Secret) IsZero() bool { return s.value == nil }

// String returns "***", or nothing for an absent secret.
func (s Secret) String() string {
	if s.value == nil {
		return ""
	}
	return redacted
}

// GoString is String for %#v.
func (s Secret) GoString() string { return "config.Secret(" + s.String() + ")" }

// LogValue is String for log/slog.
func (s Secret) LogValue() slog.Value { return slog.StringValue(s.String()) }

// MarshalText is String for JSON, YAML and other encoders.
func (s Secret) MarshalText() ([]byte, error) { return []byte(s.String()), nil }

// MarshalJSON is String as a JSON string.
func (s Secret) MarshalJSON() ([]byte, error) { return []byte(`"` + s.String() + `"`), nil }

// MarshalYAML is String for YAML.
func (s Secret) MarshalYAML() (any, error) { return s.String(), nil }
