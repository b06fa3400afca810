// agentdec reads the body of a request with the Datadog Agent's own decoder and prints one line for
// each span or group of stats.
//
//	agentdec v04|v05|stats FILE
//
// Exit status 1: the Agent would refuse the body.
package main

import (
	"bytes"
	"fmt"
	"os"

	pb "github.com/DataDog/datadog-agent/pkg/proto/pbgo/trace"
	"github.com/tinylib/msgp/msgp"
)

func decode(format string, body []byte) error {
	switch format {
	case "v04", "v05":
		var chunks pb.Traces
		var err error
		if format == "v05" {
			err = chunks.UnmarshalMsgDictionary(body)
		} else {
			_, err = chunks.UnmarshalMsg(body)
		}
		for i, chunk := range chunks {
			for _, s := range chunk {
				fmt.Println(i, s.Service, s.Name, s.TraceID, s.SpanID, s.ParentID, s.Error,
					len(s.Meta), len(s.Metrics), len(s.MetaStruct), len(s.SpanLinks), len(s.SpanEvents))
			}
		}
		return err
	case "stats":
		var payload pb.ClientStatsPayload
		err := payload.DecodeMsg(msgp.NewReader(bytes.NewReader(body)))
		for _, bucket := range payload.Stats {
			for _, g := range bucket.Stats {
				fmt.Println(g.Service, g.Name, g.Resource, g.Hits, g.Errors, g.Duration,
					g.TopLevelHits, g.IsTraceRoot, g.SpanKind, g.HTTPStatusCode, g.PeerTags)
			}
		}
		return err
	}
	return fmt.Errorf("unknown format %s", format)
}

func main() {
	if len(os.Args) != 3 {
		fmt.Fprintln(os.Stderr, "usage: agentdec v04|v05|stats FILE")
		os.Exit(2)
	}
	body, err := os.ReadFile(os.Args[2])
	if err == nil {
		err = decode(os.Args[1], body)
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, "refused:", err)
		os.Exit(1)
	}
}
