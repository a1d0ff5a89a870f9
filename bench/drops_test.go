package main

import (
	"reflect"
	"testing"
)

func TestDropCosts(t *testing.T) {
	got := dropCosts("goos: linux\nBenchmarkDroppedPacket/counted_of_200-2  \t 50000\t 10926 ns/op\t 231.5 ns/run\t 1.000 runs/packet\n" +
		"BenchmarkDeliveredPacket-2  \t 50000\t 5000 ns/op\t 0 ns/run\t 0 runs/packet\nPASS\n")
	want := []dropCost{{"DroppedPacket/counted of 200", 50000, 231.5, 1}, {"DeliveredPacket", 50000, 0, 0}}
	if !reflect.DeepEqual(got, want) {
		t.Errorf("%+v, want %+v", got, want)
	}
}
