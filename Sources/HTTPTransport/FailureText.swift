import Egress
import Glibc

/// What a failed request says, whichever transport it failed in: host, port and what happened, never a header, a body, a path.
///
/// `who` is the endpoint's host and port throughout.
enum FailureText {
    static func denied(_ address: IPAddress?, _ reason: AddressPolicy.Reason, _ who: String) -> String {
        "\(address.map(\.description) ?? "the address") (\(who)) is \(reason)"
    }

    static func noSocket(_ code: Int32, _ who: String) -> String {
        "no socket for \(who): \(system(code))" + (code == EMFILE ? "; raise the limit of this process (ulimit -n)" : "")
    }

    static func cannotConnect(_ whom: String, _ reason: String) -> String { "cannot connect to \(whom): \(reason)" }

    static func unresolved(_ who: String) -> String { "the name of \(who) does not resolve" }

    /// - Parameters:
    ///   - connected: the request had a connection.
    ///   - isWhole: all of its time is over, which it may have spent in waiting until there may be another connection.
    static func timeout(_ who: String, _ limits: EndpointConfiguration, connected: Bool, isWhole: Bool = false) -> String {
        connected || isWhole || limits.timeoutMilliseconds <= limits.connectTimeoutMilliseconds
            ? "no complete answer from \(who) within \(limits.timeoutMilliseconds) ms" + (connected ? "" : ", not even a connection")
            : "no connection to \(who) within \(limits.connectTimeoutMilliseconds) ms"
    }

    static func headTooLarge(_ who: String) -> String {
        "the answer of \(who) is too large: its headers exceed \(ResponseHead.maximumLines) lines or \(ResponseHead.maximumBytes >> 10) KiB"
    }

    static func tls(_ target: Target, _ reason: String) -> String {
        "TLS with \(target.authority) failed: \(reason); to see it: \(TLSFailure.command(target))"
    }

    static func noAnswer(_ who: String) -> String { "\(who) closed the connection without an answer" }

    static func endedEarly(_ who: String) -> String { "the answer of \(who) ended early" }

    static func notHTTP(_ who: String) -> String { "the answer of \(who) is not HTTP" }

    static func closedStream(_ who: String) -> String {
        "\(who) closed the HTTP/2 stream before it had the whole request; what it answered is lost: endpoints should read a request before they answer it"
    }

    static func exchange(_ who: String, _ reason: String) -> String { "the exchange with \(who) failed: \(reason)" }

    static func system(_ code: Int32) -> String { String(cString: strerror(code)) }
}
