package config

import "testing"

func TestWeakPasswords(t *testing.T) {
	for _, c := range []struct {
		all  string
		own  map[string]Secret
		want string
	}{
		{"a good secret", nil, ""},
		{"12345678", nil, "password_env"},
		{"secret", nil, "password_env"},
		{"", map[string]Secret{"1": NewSecret("a good secret"), "3": NewSecret("no"), "2": NewSecret("12345678901")}, "device 2"},
	} {
		g := DefaultGB28181().WithPassword(NewSecret(c.all))
		g.passwords = c.own
		if got := g.Weak(); got != c.want {
			t.Errorf("%q, %d own: %q, want %q", c.all, len(c.own), got, c.want)
		}
	}
}
