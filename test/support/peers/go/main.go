// Go's crypto/tls as a client and as a server, for the tests. It reads requests from standard input, one query string a
// line, and answers each with a query string of the same id on standard output.
package main

import (
	"bufio"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"io"
	"net"
	"net/url"
	"os"
	"runtime"
	"strings"
	"sync"
	"time"
)

var groups = map[string]tls.CurveID{
	"x25519":         tls.X25519,
	"secp256r1":      tls.CurveP256,
	"secp384r1":      tls.CurveP384,
	"secp521r1":      tls.CurveP521,
	"X25519MLKEM768": tls.X25519MLKEM768,
}

var versions = map[string]uint16{"1.2": tls.VersionTLS12, "1.3": tls.VersionTLS13}

func main() {
	var printing sync.Mutex
	lines := bufio.NewScanner(os.Stdin)
	lines.Buffer(nil, 1<<20)
	for lines.Scan() {
		request, err := url.ParseQuery(lines.Text())
		if err != nil {
			panic(err)
		}
		go func() {
			answer, err := work(request)
			if err != nil {
				answer.Set("error", err.Error())
			}
			answer.Set("id", request.Get("id"))
			printing.Lock()
			fmt.Println(answer.Encode())
			printing.Unlock()
		}()
	}
}

func work(request url.Values) (url.Values, error) {
	answer := url.Values{}
	switch request.Get("do") {
	case "version":
		answer.Set("version", strings.TrimPrefix(runtime.Version(), "go"))
		return answer, nil
	case "connect":
		return connect(request)
	case "listen":
		return listen(request)
	}
	return answer, errors.New("unknown request")
}

// connect makes as many connections as `connections` says, one after the other, and tells of the last one.
func connect(request url.Values) (url.Values, error) {
	answer := url.Values{}
	config, err := common(request)
	if err != nil {
		return answer, err
	}
	config.ServerName = request.Get("serverName")
	config.ClientSessionCache = tls.NewLRUClientSessionCache(8)
	for range len(request["connection"]) {
		answer, err = connectOnce(request, config)
		if err != nil {
			break
		}
	}
	return answer, err
}

func connectOnce(request url.Values, config *tls.Config) (url.Values, error) {
	answer := url.Values{}
	socket, err := net.DialTimeout("tcp", "127.0.0.1:"+request.Get("port"), 10*time.Second)
	if err != nil {
		return answer, err
	}
	defer socket.Close()
	socket.SetDeadline(time.Now().Add(20 * time.Second))
	connection := tls.Client(socket, config)
	payload := request.Get("payload")
	if _, err = io.WriteString(connection, payload); err != nil {
		return answer, err
	}
	echo := make([]byte, len(payload))
	if _, err = io.ReadFull(connection, echo); err != nil {
		return answer, err
	}
	if string(echo) != payload {
		return answer, errors.New("what came back is something else")
	}
	if err = connection.CloseWrite(); err != nil {
		return answer, err
	}
	if rest, err := io.ReadAll(connection); err != nil || len(rest) > 0 {
		return answer, fmt.Errorf("after the echo, %d bytes and %w", len(rest), err)
	}
	return facts(connection.ConnectionState()), nil
}

// listen starts a server that sends back what it gets.
func listen(request url.Values) (url.Values, error) {
	answer := url.Values{}
	config, err := common(request)
	if err != nil {
		return answer, err
	}
	config.ClientCAs = config.RootCAs
	switch request.Get("clientAuth") {
	case "optional":
		config.ClientAuth = tls.VerifyClientCertIfGiven
	case "required":
		config.ClientAuth = tls.RequireAndVerifyClientCert
	}
	config.SessionTicketsDisabled = request.Get("tickets") == "no"
	listener, err := tls.Listen("tcp", "127.0.0.1:0", config)
	if err != nil {
		return answer, err
	}
	go func() {
		for {
			connection, err := listener.Accept()
			if err != nil {
				return
			}
			go func() {
				defer connection.Close()
				connection.SetDeadline(time.Now().Add(20 * time.Second))
				io.Copy(connection, connection)
			}()
		}
	}()
	answer.Set("port", fmt.Sprint(listener.Addr().(*net.TCPAddr).Port))
	return answer, nil
}

func common(request url.Values) (*tls.Config, error) {
	config := &tls.Config{RootCAs: x509.NewCertPool(), NextProtos: request["protocol"]}
	if version, named := versions[request.Get("version")]; named {
		config.MinVersion, config.MaxVersion = version, version
	}
	for _, name := range request["group"] {
		group, known := groups[name]
		if !known {
			return nil, fmt.Errorf("there is no group %s", name)
		}
		config.CurvePreferences = append(config.CurvePreferences, group)
	}
	// Those of TLS 1.3 cannot be chosen.
	for _, suite := range append(tls.CipherSuites(), tls.InsecureCipherSuites()...) {
		if suite.Name == request.Get("suite") {
			config.CipherSuites = []uint16{suite.ID}
		}
	}
	roots, err := os.ReadFile(request.Get("ca"))
	if err != nil {
		return nil, err
	}
	config.RootCAs.AppendCertsFromPEM(roots)
	if request.Has("chain") {
		certificate, err := tls.LoadX509KeyPair(request.Get("chain"), request.Get("key"))
		if err != nil {
			return nil, err
		}
		config.Certificates = []tls.Certificate{certificate}
	}
	return config, nil
}

func facts(state tls.ConnectionState) url.Values {
	answer := url.Values{}
	answer.Set("answered", "yes")
	if state.DidResume {
		answer.Set("resumed", "yes")
	}
	answer.Set("suite", tls.CipherSuiteName(state.CipherSuite))
	answer.Set("protocol", state.NegotiatedProtocol)
	return answer
}
