import java.io.BufferedReader;
import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.io.InputStreamReader;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.URLDecoder;
import java.net.URLEncoder;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.KeyFactory;
import java.security.KeyStore;
import java.security.PrivateKey;
import java.security.Security;
import java.security.cert.Certificate;
import java.security.cert.CertificateFactory;
import java.security.spec.PKCS8EncodedKeySpec;
import java.util.Arrays;
import java.util.Base64;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import javax.net.ssl.ExtendedSSLSession;
import javax.net.ssl.KeyManagerFactory;
import javax.net.ssl.SNIHostName;
import javax.net.ssl.SSLContext;
import javax.net.ssl.SSLParameters;
import javax.net.ssl.SSLServerSocket;
import javax.net.ssl.SSLSocket;
import javax.net.ssl.TrustManagerFactory;

/**
 * Java's JSSE as a client and as a server, for the tests. It reads requests from standard input, one query string a
 * line, and answers each with a query string of the same id on standard output.
 */
public class JssePeer {
  static final Map<String, String> keyAlgorithms =
      Map.of("ecdsa", "EC", "ed25519", "Ed25519", "rsa-2048", "RSA", "rsa-pss", "RSASSA-PSS");

  public static void main(String[] args) throws IOException {
    // RSA key transport and suites with CBC, which later releases of Java refuse unless they are told otherwise.
    Security.setProperty("jdk.tls.disabledAlgorithms", "SSLv3, TLSv1, TLSv1.1, NULL, anon");
    var lines = new BufferedReader(new InputStreamReader(System.in, StandardCharsets.US_ASCII));
    for (var line = lines.readLine(); line != null; line = lines.readLine()) {
      var request = new Request(line);
      var thread =
          new Thread(
              () -> {
                var answer = new LinkedHashMap<String, String>();
                try {
                  work(request, answer);
                } catch (Exception error) {
                  answer.put("error", error.toString());
                }
                answer.put("id", request.get("id"));
                print(answer);
              });
      thread.setDaemon(true);
      thread.start();
    }
  }

  static void work(Request request, Map<String, String> answer) throws Exception {
    switch (request.get("do")) {
      case "version" -> answer.put("version", Runtime.version().feature() + "." + Runtime.version().interim() + "." + Runtime.version().update());
      case "connect" -> connect(request, answer);
      case "listen" -> listen(request, answer);
      default -> throw new IllegalArgumentException("unknown request");
    }
  }

  /** Makes as many connections as `connection` is named, one after the other, and tells of the last one. */
  static void connect(Request request, Map<String, String> answer) throws Exception {
    var context = context(request);
    for (var each : request.all("connection")) {
      answer.clear();
      connectOnce(request, context, answer);
    }
  }

  static void connectOnce(Request request, SSLContext context, Map<String, String> answer) throws Exception {
    var serverName = request.get("serverName");
    // Named by the server, because JSSE looks up sessions by name and port.
    var address = InetAddress.getByAddress(serverName, new byte[] {127, 0, 0, 1});
    try (var socket = (SSLSocket) context.getSocketFactory().createSocket(address, Integer.parseInt(request.get("port")))) {
      socket.setSoTimeout(20_000);
      var parameters = parameters(request, socket.getSSLParameters());
      parameters.setEndpointIdentificationAlgorithm("HTTPS");
      parameters.setServerNames(List.of(new SNIHostName(serverName)));
      socket.setSSLParameters(parameters);
      var started = System.currentTimeMillis();
      socket.startHandshake();
      var payload = request.get("payload").getBytes(StandardCharsets.US_ASCII);
      socket.getOutputStream().write(payload);
      var echo = socket.getInputStream().readNBytes(payload.length);
      if (!Arrays.equals(echo, payload)) throw new IOException("what came back is something else");
      socket.shutdownOutput();
      if (socket.getInputStream().read() != -1) throw new IOException("more came after the echo");
      var session = (ExtendedSSLSession) socket.getSession();
      answer.put("answered", "yes");
      if (session.getCreationTime() < started) answer.put("resumed", "yes");
      answer.put("suite", session.getCipherSuite());
      answer.put("protocol", socket.getApplicationProtocol());
    }
  }

  /** Starts a server that sends back what it gets. */
  static void listen(Request request, Map<String, String> answer) throws Exception {
    var server =
        (SSLServerSocket)
            context(request)
                .getServerSocketFactory()
                .createServerSocket(0, 50, InetAddress.getByAddress(new byte[] {127, 0, 0, 1}));
    var parameters = parameters(request, server.getSSLParameters());
    if (request.get("clientAuth").equals("optional")) parameters.setWantClientAuth(true);
    if (request.get("clientAuth").equals("required")) parameters.setNeedClientAuth(true);
    server.setSSLParameters(parameters);
    var thread = new Thread(() -> accept(server));
    thread.setDaemon(true);
    thread.start();
    answer.put("port", String.valueOf(((InetSocketAddress) server.getLocalSocketAddress()).getPort()));
  }

  static void accept(SSLServerSocket server) {
    while (true) {
      try {
        var socket = (SSLSocket) server.accept();
        var thread = new Thread(() -> echo(socket));
        thread.setDaemon(true);
        thread.start();
      } catch (IOException error) {
        return;
      }
    }
  }

  static void echo(SSLSocket socket) {
    try (socket) {
      socket.setSoTimeout(20_000);
      socket.getInputStream().transferTo(socket.getOutputStream());
      socket.shutdownOutput();
    } catch (IOException error) {
      // The client is told by an alert.
    }
  }

  static SSLParameters parameters(Request request, SSLParameters parameters) {
    var version = request.get("version");
    if (version != null) parameters.setProtocols(new String[] {"TLSv" + version});
    if (request.get("suite") != null) parameters.setCipherSuites(new String[] {request.get("suite")});
    parameters.setApplicationProtocols(request.all("protocol").toArray(String[]::new));
    return parameters;
  }

  static SSLContext context(Request request) throws Exception {
    var trusted = KeyStore.getInstance("PKCS12");
    trusted.load(null, null);
    trusted.setCertificateEntry("root", certificates(request.get("ca"))[0]);
    var trust = TrustManagerFactory.getInstance("PKIX");
    trust.init(trusted);
    var own = KeyStore.getInstance("PKCS12");
    own.load(null, null);
    if (request.get("chain") != null) {
      own.setKeyEntry("own", privateKey(request), new char[0], certificates(request.get("chain")));
    }
    var keys = KeyManagerFactory.getInstance("NewSunX509");
    keys.init(
        new javax.net.ssl.KeyStoreBuilderParameters(
            KeyStore.Builder.newInstance(own, new KeyStore.PasswordProtection(new char[0]))));
    var context = SSLContext.getInstance("TLS");
    context.init(keys.getKeyManagers(), trust.getTrustManagers(), null);
    return context;
  }

  static Certificate[] certificates(String path) throws Exception {
    var pem = new ByteArrayInputStream(Files.readAllBytes(Path.of(path)));
    return CertificateFactory.getInstance("X.509").generateCertificates(pem).toArray(Certificate[]::new);
  }

  static PrivateKey privateKey(Request request) throws Exception {
    var pem = Files.readString(Path.of(request.get("key")));
    var der = Base64.getMimeDecoder().decode(pem.replaceAll("-----[^-]*-----", ""));
    var algorithm =
        keyAlgorithms.entrySet().stream()
            .filter(entry -> request.get("kind").startsWith(entry.getKey()))
            .map(Map.Entry::getValue)
            .findFirst()
            .orElseThrow();
    return KeyFactory.getInstance(algorithm).generatePrivate(new PKCS8EncodedKeySpec(der));
  }

  static synchronized void print(Map<String, String> answer) {
    System.out.println(
        answer.entrySet().stream()
            .map(entry -> entry.getKey() + "=" + URLEncoder.encode(entry.getValue(), StandardCharsets.UTF_8))
            .collect(Collectors.joining("&")));
  }

  /** A query string. */
  record Request(String line) {
    String get(String name) {
      return values(name).findFirst().orElse(null);
    }

    List<String> all(String name) {
      return values(name).toList();
    }

    private Stream<String> values(String name) {
      return Arrays.stream(line.split("&"))
          .filter(part -> part.startsWith(name + "="))
          .map(part -> URLDecoder.decode(part.substring(name.length() + 1), StandardCharsets.UTF_8));
    }
  }
}
