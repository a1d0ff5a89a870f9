//go:build !race

package engine_test

// detectors are whole networks.
var detectors = []string{"fastestdet-352", "ultraface-rfb-320", "yolov8n-random-320", "yolo11n-random-320"}
