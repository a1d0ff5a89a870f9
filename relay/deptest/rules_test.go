package deptest

// A path below the module names one package; with "/..." after it, that package
// and all below it. Of several rows that fit a package the longest counts.

// room says which packages of this module the packages of a room may import,
// their tests included. What is not listed is refused, so siblings never meet:
// they declare small interfaces, and relay/app connects them.
type room struct {
	path string
	may  []string
	// tests may be imported by the room's tests only.
	tests []string
	why   string
}

// bottom packages are importable from everywhere in the relay.
var bottom = []string{"relay/config", "relay/health", "relay/media", "vision/..."}

var rooms = []room{
	{path: "relay/cmd/...", may: []string{"relay/app/...", "relay/gbdevice", "relay/config", "relay/health", "web"}, tests: []string{"testkit/..."},
		why: "a command parses flags and hands over the client's files; what it starts is put together in relay/app"},
	{path: "relay/app/...", may: []string{"relay/...", "vision/...", "models", "web"}, tests: []string{"testkit/..."},
		why: "the one place where the rooms of the relay meet; nothing of the browser's half"},
	{path: "relay/api/...", may: append(bottom, "relay/hub", "relay/quality", "relay/source"), tests: []string{"testkit/..."},
		why: "shows streams over HTTP and knows neither the protocols that fill them nor those that empty them"},
	{path: "relay/egress/...", may: append(bottom, "relay/hub", "relay/rtc", "relay/rtsp", "relay/mpegps"), tests: []string{"testkit/..."},
		why: "a reader of the hub; it knows wire formats, but no source and no other reader"},
	{path: "relay/source", may: append(bottom, "relay/hub"), tests: []string{"testkit/..."},
		why: "the contract and the supervisor: they know no protocol"},
	{path: "relay/source/...", may: append(bottom, "relay/source", "relay/rtc", "relay/rtsp", "relay/mpegps"), tests: []string{"testkit/...", "relay/hub"},
		why: "fills the Sink that it is given; it knows its wire format, but no reader and no other source"},
	{path: "relay/source/push", may: append(bottom, "relay/source", "relay/source/publish"), tests: []string{"testkit/...", "relay/source/ffmpeg"},
		why: "takes bodies from requests; what demuxes them is given to it"},
	{path: "relay/source/whip", may: append(bottom, "relay/source", "relay/source/publish", "relay/rtc"), tests: []string{"testkit/...", "relay/hub"},
		why: "takes pictures from WebRTC publishers"},
	{path: "relay/transcode", may: append(bottom, "relay/source"), tests: []string{"testkit/...", "relay/source/ffmpeg"},
		why: "stands between any source and its stream, by their contract alone"},
	{path: "relay/infer", may: append(bottom, "relay/hub", "relay/infer/...", "shaders"), tests: []string{"testkit/...", "models", "shaders/ref"},
		why: "a reader of the hub that runs models; it shares the kernels' parameters, and knows none of those who hear its annotations"},
	{path: "relay/infer/...", may: append(bottom, "shaders"), tests: []string{"testkit/...", "models", "shaders/ref"},
		why: "the parts of inference: they know no stream and not each other"},
	{path: "models", why: "carries the catalogue as a file"},
	{path: "relay/source/gb28181", may: append(bottom, "relay/source", "relay/mpegps"), tests: []string{"testkit/...", "relay/gbdevice"},
		why: "as every source; its tests have a simulated device to talk to, which knows nothing of it"},
	{path: "relay/gbdevice", may: append(bottom, "relay/mpegps"),
		why: "the other end of the wire: it must not share code with the platform that is tested against it"},
	{path: "relay/mpegps", tests: []string{"testkit/..."}, why: "a wire format, of use to sources, readers and the simulated device alike; it knows none of them"},
	{path: "relay/hub", may: []string{"relay/health", "relay/media"}, tests: []string{"testkit/..."},
		why: "fans out packets and knows no protocol"},
	{path: "relay/media", may: []string{"relay/health"},
		why: "the words that all sources and readers share; it stands below them all"},
	{path: "relay/rtsp", may: []string{"relay/media"}, tests: []string{"testkit/..."},
		why: "a wire format, of use to sources and readers alike; it knows neither"},
	{path: "relay/rtc", may: []string{"relay/config", "relay/health", "relay/media"}, tests: []string{"testkit/..."},
		why: "WebRTC for whoever needs it; it knows neither sources nor readers"},
	{path: "relay/config", may: []string{"relay/health"},
		why: "stands at the bottom, so that every room can take its own section"},
	{path: "relay/config/gendoc", may: []string{"relay/config"},
		why: "prints the reference of the configuration, and nothing else"},
	{path: "relay/health", why: "stands at the bottom: every room states its faults with it"},
	{path: "relay/scene", may: []string{"vision/..."},
		why: "pure state machines from what is seen to events; who saw it and who hears of it is wired in relay/app"},
	{path: "relay/store", may: []string{"relay/health"},
		why: "keeps what it is given and knows none of those who give or ask"},
	{path: "relay/localca", may: []string{"relay/health"}, why: "makes certificates and knows nothing that uses them"},
	{path: "relay/dropmon", may: []string{"bpf", "relay/health"}, tests: []string{"testkit/network"},
		why: "watches sockets for whoever shows it some; streams are names to it"},
	{path: "relay/quality", why: "adds up what it is told; it knows nothing of where the numbers come from"},
	{path: "bpf", why: "the kernel's half; it is loaded by relay/dropmon"},
	{path: "relay/deptest", why: "reads the module's source and uses none of it"},

	{path: "vision/...", may: []string{"vision/..."}, tests: []string{"testkit/..."},
		why: "runs in the relay and in the browser, and so knows neither"},
	{path: "shaders", may: []string{"vision/..."}, tests: []string{"shaders/ref"},
		why: "WGSL and its layouts; whoever runs it is not its concern"},
	{path: "shaders/ref", may: []string{"shaders", "vision/..."},
		why: "the Go twins of the kernels"},

	{path: "wasm", may: []string{"wasm/..."}, why: "starts the client, and no more"},
	{path: "wasm/...", may: []string{"wasm/...", "shaders", "vision/..."}, tests: []string{"shaders/ref"},
		why: "the browser's half shares vision and shaders with the relay, and nothing else"},
	{path: "web", why: "carries the built client as files"},

	{path: "testkit/...", may: append(bottom, "testkit/..."), why: "fakes for tests of many rooms; it knows the contracts alone"},
	{path: "testkit/counterrelay", may: append(bottom, "relay/app", "relay/hub", "relay/source/demo", "web"),
		why: "a whole relay with a detector that knows the demo's counter, for tests of the key of a box"},
	{path: "bench/...", may: []string{"relay/...", "shaders/...", "vision/...", "testkit/..."}, why: "measures the product"},
	{path: "scripts/...", why: "tools of the build stand apart from the product"},
}

// fence keeps imports from outside the module (and "C", which is cgo) within
// the packages that are meant to use them.
type fence struct {
	imports []string // import paths, "/..." as above
	only    []string // the packages that may
	why     string
}

var fences = []fence{
	{imports: []string{"C"}, only: []string{"relay/infer/letterbox"},
		why: "C stands in the nested module relay/astiav, and where only vector instructions are fast enough; the rest builds and races as plain Go"},
	{imports: []string{"github.com/cilium/ebpf/..."}, only: []string{"bpf", "relay/dropmon", "testkit/network"},
		why: "kernel programs are loaded in one place, which has the ladder for where they cannot be; the other makes faults for tests"},
	{imports: []string{"syscall/js"},
		why: "the browser is reached through safejs, which returns errors where syscall/js panics"},
	{imports: []string{"github.com/hack-pad/safejs/..."}, only: []string{"wasm/gpu", "wasm/frame", "wasm/link"},
		why: "the rest of the client is plain Go that runs under go test"},
	{imports: []string{"github.com/asticode/go-astiav"},
		only: []string{"relay/app", "relay/source/demo", "relay/source/ffmpeg", "relay/transcode/...", "relay/infer/...", "relay/egress/snapshot", "testkit/counterrelay", "bench/..."},
		why:  "only what decodes, encodes or demuxes needs FFmpeg"},
	{imports: []string{"github.com/pion/webrtc/...", "github.com/pion/ice/...", "github.com/pion/interceptor/..."},
		only: []string{"relay/rtc", "relay/egress/whep", "relay/source/whip", "testkit/...", "bench/..."},
		why:  "WebRTC stays with the rooms that speak it"},
	{imports: []string{"github.com/yalue/onnxruntime_go"}, only: []string{"relay/infer/ort", "bench/..."},
		why: "one room knows how models are run"},
	{imports: []string{"github.com/pion/sdp/..."}, only: []string{"relay/rtc", "relay/rtsp", "relay/source/rtsp"},
		why: "session descriptions stay with the protocols that carry them"},
	{imports: []string{"modernc.org/sqlite/...", "database/sql"}, only: []string{"relay/store"},
		why: "one room knows how things are kept; the others ask it"},
	{imports: []string{"github.com/gorilla/websocket"}, only: []string{"relay/api", "relay/app", "bench/...", "testkit/..."},
		why: "WebSockets stay with the HTTP face"},
	{imports: []string{"github.com/emiago/sipgo/..."}, only: []string{"relay/source/gb28181"},
		why: "SIP stays with the platform; the simulated device speaks it by itself, to make the mistakes that a library would not"},
	{imports: []string{"github.com/goccy/go-yaml/..."}, only: []string{"relay/config", "relay/infer/catalog"},
		why: "YAML is read in one place, so that its errors are worded in one place"},
}

// ban refuses imports to a room, tests aside, and with deep to everything that
// it links.
type ban struct {
	room    string
	imports []string
	deep    bool
	why     string
}

var bans = []ban{
	{room: "relay/hub", imports: []string{"net", "net/http", "crypto/tls", "github.com/pion/..."}, deep: false,
		why: "the hub knows no protocol"},
	{room: "vision/...", imports: []string{"net/...", "os/exec", "text/template", "html/template"}, deep: true,
		why: "the client downloads it: small, and without the operating system"},
	{room: "shaders", imports: []string{"net/...", "os/exec", "text/template", "html/template", "regexp", "encoding/json"}, deep: true,
		why: "the client downloads it: small, and without the operating system"},
	{room: "wasm/...", imports: []string{"net/...", "crypto/...", "os/exec", "text/template", "html/template", "regexp", "encoding/json", "encoding/xml", "testing", "github.com/pion/..."}, deep: true,
		why: "each of these makes the download larger by more than it is worth, or cannot work in a browser"},
}
