package health

// Codes of the conditions that exist. Each has a row in the catalogue below
// and a section in docs/conditions.md.
const (
	ConfigInvalid        Code = "config-invalid"
	ListenInUse          Code = "listen-in-use"
	ListenNotLoopback    Code = "listen-not-loopback"
	ListenFailed         Code = "listen-failed"
	WebClientMissing     Code = "web-client-missing"
	TLSFailed            Code = "tls-failed"
	DataDirUnwritable    Code = "data-dir-unwritable"
	NoStreams            Code = "no-streams"
	EncoderMissing       Code = "encoder-missing"
	StreamUnknown        Code = "stream-unknown"
	SourceURLInvalid     Code = "source-url-invalid"
	SourceHostUnknown    Code = "source-host-unknown"
	SourceUnreachable    Code = "source-unreachable"
	SourceUnauthorized   Code = "source-unauthorized"
	SourceNotFound       Code = "source-not-found"
	SourceRefused        Code = "source-refused"
	SourceProtocol       Code = "source-protocol"
	SourceFileMissing    Code = "source-file-missing"
	SourceNotMedia       Code = "source-not-media"
	SourceNoVideo        Code = "source-no-video"
	SourceCodec          Code = "source-codec-unsupported"
	SourceBFrames        Code = "source-b-frames"
	SourceSilent         Code = "source-silent"
	SourceEnded          Code = "source-ended"
	SourceNoPublisher    Code = "source-no-publisher"
	SourceUDPSilent      Code = "source-udp-silent"
	SourceLoss           Code = "source-loss"
	StreamTranscoded     Code = "stream-transcoded"
	TranscodeOverloaded  Code = "transcode-overloaded"
	TranscodeFailed      Code = "transcode-failed"
	PublisherBusy        Code = "publisher-busy"
	PublishRefused       Code = "publish-refused"
	ViewerOffer          Code = "viewer-offer-invalid"
	ViewerCodec          Code = "viewer-codec-missing"
	ViewerNotConnected   Code = "viewer-not-connected"
	ViewerLimit          Code = "viewer-limit"
	StreamNotReady       Code = "stream-not-ready"
	StoreUnavailable     Code = "store-unavailable"
	StoreDamaged         Code = "store-damaged"
	StoreFull            Code = "store-full"
	StoreFailed          Code = "store-failed"
	SnapshotMissing      Code = "snapshot-missing"
	EventUnknown         Code = "event-unknown"
	InferLibraryMissing  Code = "infer-library-missing"
	InferProviderMissing Code = "infer-provider-missing"
	ModelMissing         Code = "model-missing"
	ModelInvalid         Code = "model-invalid"
	ModelFailed          Code = "model-failed"
	AnalysisDamaged      Code = "analysis-damaged"
	AnalysisOverloaded   Code = "analysis-overloaded"
	RelayUnreachable     Code = "relay-unreachable"
	RelayAnswer          Code = "relay-answer"
	GPULost              Code = "gpu-lost"
	RequestInvalid       Code = "request-invalid"
	Internal             Code = "internal"
	ReceiveBufferFull    Code = "receive-buffer-full"
	DropsLimited         Code = "drops-limited"
	GB28181Off           Code = "gb28181-off"
	GB28181Unregistered  Code = "gb28181-unregistered"
	GB28181Refused       Code = "gb28181-refused"
	GB28181Offline       Code = "gb28181-offline"
	GB28181Format        Code = "gb28181-format"
	GB28181Local         Code = "gb28181-local"
	GB28181Number        Code = "gb28181-number"
	GB28181Password      Code = "gb28181-password"
	GB28181Ports         Code = "gb28181-ports"
)

type entry struct {
	Severity Severity
	Title    string
	Fix      string
}

var catalog = map[Code]entry{
	ConfigInvalid:        {Error, "The configuration is not valid", "Correct the line named and start again; docs/configure.md lists every key."},
	ListenInUse:          {Error, "The port is in use", "Stop the program that holds it (ss -lntup shows it) or choose another port in the configuration."},
	ListenNotLoopback:    {Error, "Listening beyond this machine is refused", "Listen on 127.0.0.1 or [::1]; access from other machines needs tokens, which this version does not have."},
	ListenFailed:         {Error, "The address cannot be listened on", "Use an address of this machine, or 127.0.0.1."},
	WebClientMissing:     {Error, "The web client is not part of this build", "Build with: make build"},
	TLSFailed:            {Error, "No TLS certificate", "Check that the data folder is writable, or set http.tls to {cert, key}."},
	DataDirUnwritable:    {Error, "The data folder cannot be written", "Give the relay's user the right to write there, or set data_dir to another folder."},
	NoStreams:            {Info, "No streams are configured", "Add one under streams:, such as demo: {source: demo}."},
	EncoderMissing:       {Error, "FFmpeg lacks the H.264 encoder", "Install an FFmpeg with libx264 (Debian: apt install libavcodec-extra)."},
	StreamUnknown:        {Error, "No such stream", "GET /api/v1/streams lists the streams; add it under streams: in the configuration."},
	SourceURLInvalid:     {Error, "The source's address is not valid", "Correct the stream's source; docs/configure.md shows each form."},
	SourceHostUnknown:    {Error, "The camera's host name is unknown", "Check the host name in the stream's source, or use the camera's IP address."},
	SourceUnreachable:    {Error, "The camera does not answer", "Check that the camera has power and network, and the address and port in the stream's source."},
	SourceUnauthorized:   {Error, "The camera refuses the user name or password", "Set user and password_env or password_file of the stream's source; it is tried again once a minute."},
	SourceNotFound:       {Error, "The camera has no such stream", "Check the path in the source's URL against the camera's manual."},
	SourceRefused:        {Error, "The camera refuses the request", "See the status in the text; many cameras limit the number of clients."},
	SourceProtocol:       {Error, "The camera's answer makes no sense", "Check that the port is the camera's RTSP port; try the source as ffmpeg:rtsp://..."},
	SourceFileMissing:    {Error, "The file does not exist or cannot be read", "Check the path and its permissions; it is relative to the folder the relay runs in."},
	SourceNotMedia:       {Error, "The file is no video", "Use a file that ffprobe can read, such as MP4 or MKV."},
	SourceNoVideo:        {Error, "The source has no video track", "Choose a source with video; audio alone is not shown."},
	SourceCodec:          {Error, "The video codec is not supported", "Set the camera to H.264 (Baseline, Main or High)."},
	SourceBFrames:        {Warning, "The video has B-frames", "Set the camera's B-frames to 0: browsers cannot show them over WebRTC."},
	SourceSilent:         {Error, "The camera is connected but sends nothing", "Restart the camera; the relay reconnects by itself."},
	SourceEnded:          {Info, "The source has ended", "Set loop: true to play a file again."},
	SourceNoPublisher:    {Error, "Nobody publishes the stream", "Publish it: POST /push/NAME with MPEG-TS or FLV, or POST /whip/NAME; docs/sources.md shows how."},
	StreamTranscoded:     {Info, "The stream is transcoded", "Nothing has to be done; a camera set to H.264 without B-frames saves the relay the work."},
	TranscodeOverloaded:  {Warning, "The relay cannot transcode as fast as pictures come", "Set the camera to H.264 without B-frames or to a smaller picture, transcode fewer streams, or add processors."},
	TranscodeFailed:      {Error, "The stream cannot be transcoded", "Install an FFmpeg with libx264 and the decoder named, or set the camera to H.264 without B-frames."},
	PublisherBusy:        {Error, "Somebody else publishes the stream", "Stop the other publisher, or publish to a stream of your own; one that is gone is noticed after 10 s."},
	PublishRefused:       {Error, "What is published cannot be taken", "Publish H.264 as MPEG-TS, FLV or Annex B to /push/NAME, or by WebRTC to /whip/NAME."},
	SourceUDPSilent:      {Info, "No media came over UDP; using TCP", "Open the UDP path from the camera, or set transport: tcp."},
	SourceLoss:           {Warning, "Packets are lost on the way from the camera", "Check the camera's network, or set transport: tcp."},
	ViewerOffer:          {Error, "The viewer's offer is not valid", "Send an SDP offer as application/sdp with a recvonly video section."},
	ViewerCodec:          {Error, "The viewer cannot decode this stream", "Use a browser with H.264, such as Chrome, Edge, Safari or Firefox."},
	ViewerNotConnected:   {Error, "No network path to the relay", "Open the relay's WebRTC port (webrtc.port, UDP and TCP) between the viewer and the relay."},
	ViewerLimit:          {Error, "Too many viewers", "Close some viewers, or raise webrtc.max_viewers."},
	StreamNotReady:       {Warning, "The stream has no picture yet", "Wait; the stream's own condition says why if it lasts."},
	StoreUnavailable:     {Warning, "Events cannot be kept", "Give the relay's user the right to write the file and its folder, or set store.path."},
	StoreDamaged:         {Warning, "The file of events was damaged", "Keep the file set aside if its events matter (sqlite3 FILE .recover), or delete it."},
	StoreFull:            {Warning, "There is no room for events", "Free room on the disk of store.path, or lower store.keep or store.max_bytes."},
	StoreFailed:          {Warning, "Events cannot be written", "Check the disk of store.path; the relay tries again every 5 s."},
	SnapshotMissing:      {Error, "The event has no snapshot", "Snapshots are made while the frame is in the stream's ring; see ring.seconds."},
	EventUnknown:         {Error, "No such event", "GET /api/v1/events lists the events; old ones are removed after store.keep."},
	InferLibraryMissing:  {Error, "ONNX Runtime cannot be used", "Run make setup-run, or install ONNX Runtime 1.24 or later and set SIGHTLINE_ONNXRUNTIME to its libonnxruntime.so."},
	InferProviderMissing: {Warning, "The configured inference provider is not there", "Install ONNX Runtime with that provider, and its driver and libraries, or set infer.provider: auto."},
	ModelMissing:         {Error, "The model is not there", "sightline models list shows the models; sightline models pull NAME gets one."},
	ModelInvalid:         {Error, "The model cannot be used", "Get it anew with sightline models pull, or correct its card."},
	ModelFailed:          {Error, "The model fails", "Look at the text; try infer.provider: cpu."},
	AnalysisDamaged:      {Warning, "Damaged pictures are not analysed", "Look for losses of the stream; its other conditions say where."},
	AnalysisOverloaded:   {Warning, "The analysis cannot keep up", "Lower streams.NAME.analyze.fps, analyse fewer streams, choose a smaller model, or add a GPU."},
	ReceiveBufferFull:    {Warning, "The receive buffer overflows", "Give the relay more processor time, or a larger net.core.rmem_max."},
	DropsLimited:         {Info, "Dropped packets are only partly explained", "Give the relay CAP_BPF and CAP_PERFMON on a kernel with BTF."},
	GB28181Off:           {Error, "The relay is no GB/T 28181 platform", "Set gb28181.listen, gb28181.id and gb28181.password_env in the configuration."},
	GB28181Unregistered:  {Error, "The device has not registered", "Enter the platform's address, number, domain and password in the device."},
	GB28181Refused:       {Error, "The device's registration is refused", "Set the same password in the device and in gb28181.password_env or gb28181.passwords."},
	GB28181Offline:       {Error, "The device is offline", "Check the device's power and network; its picture comes back by itself."},
	GB28181Format:        {Error, "The device sends no program stream", "Set the device's GB/T 28181 stream format to PS."},
	GB28181Local:         {Info, "Only devices on this machine reach the platform", "Nothing to do to try it out: sightline gb-device simulates a device on this machine."},
	GB28181Number:        {Warning, "The platform's number is that of something else", "Take a number whose digits 11 to 13 are 200, such as 34020000002000000001."},
	GB28181Password:      {Warning, "The devices' password is weak, or others can read it", "Take at least 8 characters that are no number alone; chmod 600 the file of passwords."},
	GB28181Ports:         {Warning, "Media ports are taken by other programs", "Set gb28181.media_ports to a range that nobody else uses."},
	// The web client raises the next three itself.
	RelayUnreachable: {Error, "The relay does not answer", "Check that sightline runs and that this machine reaches it."},
	RelayAnswer:      {Error, "The relay refuses", "Look at the relay's log."},
	GPULost:          {Warning, "The GPU device was lost", "Nothing to do: drawing goes on with a new device."},
	RequestInvalid:   {Error, "The request is not valid", "See the text for the field and the rule."},
	Internal:         {Error, "Something failed in the relay", "Look at the log, and report it with the log's lines."},
}

// Codes lists every catalogued code with its severity, title and usual fix,
// for the documentation and its test.
func Codes() map[Code]Condition {
	out := make(map[Code]Condition, len(catalog))
	for code, e := range catalog {
		out[code] = Condition{Code: code, Severity: e.Severity, Title: e.Title, Fix: e.Fix}
	}
	return out
}
