//go:build !race

package main

// models are whole detectors.
var models = []string{"fastestdet-352", "ultraface-rfb-320", "yolov8n-random-320", "yolo11n-random-320"}
