package rtc

import (
	"errors"
	"fmt"

	"github.com/pion/interceptor"
	"github.com/pion/interceptor/pkg/nack"
	"github.com/pion/interceptor/pkg/report"
	"github.com/pion/webrtc/v4"
)

// publisherAPI makes the factory of PeerConnections that receive.
func publisherAPI(s webrtc.SettingEngine) (*webrtc.API, error) {
	var media webrtc.MediaEngine
	var chain interceptor.Registry
	generator, err := nack.NewGeneratorInterceptor()
	if err != nil {
		return nil, fmt.Errorf("rtc: nack: %w", err)
	}
	reports, err := report.NewReceiverInterceptor()
	if err != nil {
		return nil, fmt.Errorf("rtc: receiver reports: %w", err)
	}
	chain.Add(generator)
	chain.Add(reports)
	err = errors.Join(registerH264(&media, feedback),
		media.RegisterCodec(webrtc.RTPCodecParameters{
			RTPCodecCapability: webrtc.RTPCodecCapability{
				MimeType: webrtc.MimeTypeOpus, ClockRate: 48000, Channels: 2, SDPFmtpLine: "minptime=10;useinbandfec=1",
			},
			PayloadType: 111,
		}, webrtc.RTPCodecTypeAudio),
		webrtc.ConfigureTWCCSender(&media, &chain))
	if err != nil {
		return nil, fmt.Errorf("rtc: register codecs of publishers: %w", err)
	}
	return webrtc.NewAPI(webrtc.WithMediaEngine(&media), webrtc.WithSettingEngine(s), webrtc.WithInterceptorRegistry(&chain)), nil
}
