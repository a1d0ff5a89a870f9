module github.com/asticode/go-astiav

go 1.26.0
