//go:build js && wasm

package gpu

import "github.com/hack-pad/safejs"

// Awaiter waits for promises, one at a time, with callbacks that are made once: making two for each
// promise costs about as much as everything else that is done for a frame.
type Awaiter struct {
	fulfil, reject safejs.Func
	results        chan settled
}

type settled struct {
	value safejs.Value
	err   error
}

// NewAwaiter makes an Awaiter; the caller releases it when no promise is outstanding.
func NewAwaiter() (*Awaiter, error) {
	a := &Awaiter{results: make(chan settled, 1)}
	var err error
	a.fulfil, err = safejs.FuncOf(func(_ safejs.Value, args []safejs.Value) any {
		r := settled{value: safejs.Undefined()}
		if len(args) > 0 {
			r.value = args[0]
		}
		a.results <- r
		return nil
	})
	if err != nil {
		return nil, err
	}
	a.reject, err = safejs.FuncOf(func(_ safejs.Value, args []safejs.Value) any {
		r := settled{err: &Rejection{Message: "promise rejected"}}
		if len(args) > 0 {
			r.err = &Rejection{Message: Describe(args[0])}
		}
		a.results <- r
		return nil
	})
	if err != nil {
		a.fulfil.Release()
		return nil, err
	}
	return a, nil
}

// Await waits until a promise is settled. A rejection is an error of type *Rejection.
func (a *Awaiter) Await(promise safejs.Value) (safejs.Value, error) {
	if _, err := promise.Call("then", a.fulfil, a.reject); err != nil {
		return safejs.Undefined(), err
	}
	r := <-a.results
	return r.value, r.err
}

// Release gives the callbacks back.
func (a *Awaiter) Release() {
	a.fulfil.Release()
	a.reject.Release()
}

// Await waits for one promise with an Awaiter of its own.
func Await(promise safejs.Value) (safejs.Value, error) {
	a, err := NewAwaiter()
	if err != nil {
		return safejs.Undefined(), err
	}
	defer a.Release()
	return a.Await(promise)
}

// Rejection is the reason of a rejected promise.
type Rejection struct {
	// Message is the reason's text.
	Message string
}

// Error returns the reason's text.
func (r *Rejection) Error() string { return r.Message }

// Describe turns a JavaScript error or any other value into text.
func Describe(v safejs.Value) string {
	if v.Type() == safejs.TypeObject {
		if m, err := v.Get("message"); err == nil && m.Type() == safejs.TypeString {
			if s, err := m.String(); err == nil {
				return s
			}
		}
	}
	s, err := v.String()
	if err != nil {
		return "unknown JavaScript error"
	}
	return s
}
