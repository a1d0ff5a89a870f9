package gbdevice

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"golang.org/x/text/encoding/simplifiedchinese"
)

// partSize is how many channels go into one part of a catalog over UDP.
const partSize = 4

// query answers a question about the device.
func (d *Device) query(ctx context.Context, m *message) {
	cmd, sn := element(string(m.body), "CmdType"), element(string(m.body), "SN")
	switch cmd {
	case "DeviceControl":
		if element(string(m.body), "IFameCmd") == "Send" {
			d.keyFrames.Add(1)
		}
	case "Catalog":
		if d.has(LargeMessage) && d.line.tcp != nil {
			_, _ = d.ask(ctx, "MESSAGE", token(), "<?xml version=\"1.0\"?>\r\n<Notify><CmdType>Alarm</CmdType><SN>1</SN><DeviceID>"+d.cfg.ID+
				"</DeviceID><Info>"+strings.Repeat("long ", 14000)+"</Info></Notify>")
		}
		parts := d.catalog(sn)
		if d.has(Shuffled) {
			slices.Reverse(parts)
			parts = append([]string{parts[0]}, parts...)
		}
		for _, p := range parts {
			if _, err := d.ask(ctx, "MESSAGE", token(), p); err != nil {
				return
			}
		}
	case "DeviceInfo":
		_, _ = d.ask(ctx, "MESSAGE", token(), d.document(fmt.Sprintf("<Response>\r\n<CmdType>DeviceInfo</CmdType>\r\n<SN>%s</SN>\r\n<DeviceID>%s</DeviceID>\r\n<DeviceName>Simulated device</DeviceName>\r\n<Result>OK</Result>\r\n<Manufacturer>Sightline</Manufacturer>\r\n<Model>gb-device</Model>\r\n<Firmware>1</Firmware>\r\n<Channel>%d</Channel>\r\n</Response>\r\n",
			sn, d.cfg.ID, len(d.cfg.Channels))))
	}
}

// catalog makes the parts of the answer.
func (d *Device) catalog(sn string) []string {
	sum := len(d.cfg.Channels)
	if d.has(SumTooLarge) {
		sum++
	}
	size := partSize
	if d.line.tcp != nil {
		size = 1000
	}
	var parts []string
	for list := range slices.Chunk(d.cfg.Channels, size) {
		if d.has(SumTooSmall) {
			sum = len(list)
		}
		var b strings.Builder
		fmt.Fprintf(&b, "<Response>\r\n<CmdType>Catalog</CmdType>\r\n<SN>%s</SN>\r\n<DeviceID>%s</DeviceID>\r\n<SumNum>%d</SumNum>\r\n<DeviceList Num=\"%d\">\r\n", sn, d.cfg.ID, sum, len(list))
		for _, c := range list {
			name, address, extra := escape(c.Name), "Address", ""
			if d.has(RawXML) {
				name += " & <North> 1<2"
			}
			if d.has(ControlChars) {
				address += " \x01\x0b\xff\xfe"
			}
			if d.has(EmptyKey) {
				extra = "<key/>\r\n<Info>\r\n<PTZType>1</PTZType>\r\n</Info>\r\n"
			}
			close := "</Owner>"
			if d.has(Unclosed) {
				close = ""
			}
			fmt.Fprintf(&b, "<Item>\r\n<DeviceID>%s</DeviceID>\r\n<Name>%s</Name>\r\n<Manufacturer>Sightline</Manufacturer>\r\n<Model>IPC</Model>\r\n<Owner>Owner%s\r\n<CivilCode>%s</CivilCode>\r\n<Address>%s</Address>\r\n<Parental>0</Parental>\r\n<ParentID>%s</ParentID>\r\n<SafetyWay>0</SafetyWay>\r\n<RegisterWay>1</RegisterWay>\r\n<Secrecy>0</Secrecy>\r\n<Status>ON</Status>\r\n%s</Item>\r\n",
				c.ID, name, close, d.cfg.ID[:6], address, d.cfg.ID, extra)
		}
		b.WriteString("</DeviceList>\r\n</Response>\r\n")
		parts = append(parts, d.document(b.String()))
	}
	return parts
}

// document puts a declaration before a document and encodes it.
func (d *Device) document(text string) string {
	declared := "GB2312"
	if !d.has(CharsetGB) && !d.has(CharsetLies) {
		declared = "UTF-8"
	}
	if d.has(CharsetGB) {
		if t, err := simplifiedchinese.GB18030.NewEncoder().String(text); err == nil {
			text = t
		}
	}
	head := "<?xml version=\"1.0\" encoding=\"" + declared + "\"?>\r\n"
	if d.has(EntityBomb) {
		head += "<!DOCTYPE r [<!ENTITY a \"aaaaaaaaaaaaaaaa\"><!ENTITY b \"&a;&a;&a;&a;&a;&a;&a;&a;\"><!ENTITY c \"&b;&b;&b;&b;&b;&b;&b;&b;\">]>\r\n"
		text = strings.Replace(text, "<Address>", "<Address>&c;", 1)
	}
	return head + text
}

func escape(s string) string {
	return strings.NewReplacer("&", "&amp;", "<", "&lt;", ">", "&gt;").Replace(s)
}

// element is the text of the first element of a name.
func element(text, name string) string {
	_, rest, _ := strings.Cut(text, "<"+name+">")
	value, _, _ := strings.Cut(rest, "</"+name+">")
	return strings.TrimSpace(value)
}
