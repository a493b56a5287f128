import CCurl
import Glibc

/// From libcurl's codes to what a person and the engine need to know.
enum CurlFailure {
    /// Fills failure, refusal and message.
    static func describe(_ code: CURLcode, _ slot: Slot.Pointer, _ endpoint: Endpoint, _ result: inout HTTPResult) {
        let easy = slot.pointee.easy
        let who = slot.pointee.target?.authority ?? ""
        result.failure = .network

        switch code {
        case CURLE_COULDNT_CONNECT:
            if slot.pointee.socketsOpened == 0, let denied = slot.pointee.denied {
                result.failure = .egressDenied
                let address = denied.address.map(\.description) ?? "the address"
                result.message = "\(address) (\(who)) is \(denied.reason)"
            } else if slot.pointee.socketError != 0 {
                result.message = "no socket for \(who): \(errorText(slot.pointee.socketError))"
            } else {
                let error = Int32(truncatingIfNeeded: LibCurl.number(easy, CURLINFO_OS_ERRNO))
                result.connectionRefused = error == ECONNREFUSED
                result.message = "cannot connect to \(who): \(error == 0 ? detail(slot, code) : errorText(error))"
            }
        case CURLE_COULDNT_RESOLVE_HOST:
            result.message = "the name of \(who) does not resolve"
        case CURLE_OPERATION_TIMEDOUT:
            result.failure = .timeout
            // The time at which the request could begin: zero until there is a connection.
            let connected = LibCurl.microseconds(easy, CURLINFO_PRETRANSFER_TIME_T) > 0
            let limits = endpoint.configuration
            result.message = connected || limits.timeoutMilliseconds <= limits.connectTimeoutMilliseconds
                ? "no complete answer from \(who) within \(limits.timeoutMilliseconds) ms"
                    + (connected ? "" : ", not even a connection")
                : "no connection to \(who) within \(limits.connectTimeoutMilliseconds) ms"
        case CURLE_WRITE_ERROR where slot.pointee.stop == .headTooLarge, CURLE_OUT_OF_MEMORY:
            // libcurl reports a single header line over its own limit as out of memory.
            result.message = "the answer of \(who) is too large: its headers exceed \(ResponseHead.maximumLines) lines or "
                + "\(ResponseHead.maximumBytes >> 10) KiB"
        case CURLE_SSL_CONNECT_ERROR, CURLE_PEER_FAILED_VERIFICATION, CURLE_SSL_CERTPROBLEM, CURLE_SSL_CIPHER,
            CURLE_SSL_CACERT_BADFILE, CURLE_SSL_SHUTDOWN_FAILED, CURLE_SSL_CRL_BADFILE, CURLE_SSL_ISSUER_ERROR,
            CURLE_SSL_PINNEDPUBKEYNOTMATCH, CURLE_SSL_INVALIDCERTSTATUS, CURLE_SSL_ENGINE_NOTFOUND,
            CURLE_SSL_ENGINE_SETFAILED, CURLE_SSL_ENGINE_INITFAILED, CURLE_SSL_CLIENTCERT:
            result.failure = .tls
            result.message = "TLS with \(who) failed: \(detail(slot, code))"
        case CURLE_GOT_NOTHING:
            result.message = "\(who) closed the connection without an answer"
        case CURLE_PARTIAL_FILE:
            result.message = "the answer of \(who) ended early"
        case CURLE_UNSUPPORTED_PROTOCOL, CURLE_WEIRD_SERVER_REPLY:
            result.message = "the answer of \(who) is not HTTP"
        default:
            result.message = "the exchange with \(who) failed: \(detail(slot, code))"
        }
    }

    private static func errorText(_ code: Int32) -> String { String(cString: strerror(code)) }

    /// libcurl's own words, in one line of printable characters and bounded: parts of them may come from the endpoint.
    private static func detail(_ slot: Slot.Pointer, _ code: CURLcode) -> String {
        let own = String(cString: slot.pointee.errorText)
        let text = own.isEmpty ? String(cString: curl_easy_strerror(code)) : own
        return String(String.UnicodeScalarView(text.unicodeScalars.prefix(200).map { $0.value < 0x20 || $0.value == 0x7f ? " " : $0 }))
    }
}
