import CCurl
import Egress
import Glibc

/// From libcurl's codes to what a person and the engine need to know.
enum CurlFailure {
    /// Fills failure, refusal and message.
    static func describe(_ code: CURLcode, _ slot: Slot.Pointer, _ endpoint: Endpoint, _ result: inout HTTPResult) {
        let easy = slot.pointee.easy
        let who = slot.pointee.target?.authority ?? ""
        let proxy = slot.pointee.sockets.takeUnretainedValue().proxy?.authority ?? ""
        result.failure = .network

        switch code {
        case CURLE_COULDNT_CONNECT:
            if slot.pointee.socketError != 0 {
                // Ours, not the endpoint's: nothing may be given up for it, also where another of its addresses is denied.
                result.connectionRefused = true
                result.message = FailureText.noSocket(slot.pointee.socketError, who)
            } else if slot.pointee.socketsOpened == 0, let denied = slot.pointee.denied {
                result.failure = .egressDenied
                result.message = FailureText.denied(denied.address, denied.reason, who)
            } else {
                let error = Int32(truncatingIfNeeded: LibCurl.number(easy, CURLINFO_OS_ERRNO))
                result.connectionRefused = error == ECONNREFUSED
                result.message = FailureText.cannotConnect(
                    proxy.isEmpty ? who : "the proxy \(proxy)", error == 0 ? detail(slot, code) : FailureText.system(error))
            }
        case CURLE_COULDNT_RESOLVE_HOST:
            result.message = FailureText.unresolved(who)
        case CURLE_OPERATION_TIMEDOUT:
            result.failure = .timeout
            // The time at which the request could begin: zero until there is a connection.
            let connected = LibCurl.microseconds(easy, CURLINFO_PRETRANSFER_TIME_T) > 0
            result.message = FailureText.timeout(who, endpoint.configuration, connected: connected)
        case CURLE_WRITE_ERROR where slot.pointee.stop == .headTooLarge, CURLE_OUT_OF_MEMORY:
            // libcurl reports a single header line over its own limit as out of memory.
            result.message = FailureText.headTooLarge(who)
        case CURLE_SSL_CONNECT_ERROR, CURLE_PEER_FAILED_VERIFICATION, CURLE_SSL_CERTPROBLEM, CURLE_SSL_CIPHER,
            CURLE_SSL_CACERT_BADFILE, CURLE_SSL_SHUTDOWN_FAILED, CURLE_SSL_CRL_BADFILE, CURLE_SSL_ISSUER_ERROR,
            CURLE_SSL_PINNEDPUBKEYNOTMATCH, CURLE_SSL_INVALIDCERTSTATUS, CURLE_SSL_ENGINE_NOTFOUND,
            CURLE_SSL_ENGINE_SETFAILED, CURLE_SSL_ENGINE_INITFAILED, CURLE_SSL_CLIENTCERT:
            describeTLS(code, slot, &result)
        case CURLE_RECV_ERROR where TLSFailure.isAlert(detail(slot, code)), CURLE_SEND_ERROR where TLSFailure.isAlert(detail(slot, code)):
            describeTLS(code, slot, &result)
        case CURLE_COULDNT_RESOLVE_PROXY:
            result.message = "the name of the proxy \(proxy) does not resolve"
        case CURLE_PROXY:
            result.message = "the proxy \(proxy) does not connect to \(who): \(detail(slot, code))"
        case CURLE_GOT_NOTHING:
            result.message = FailureText.noAnswer(who)
        case CURLE_PARTIAL_FILE:
            result.message = FailureText.endedEarly(who)
        case CURLE_UNSUPPORTED_PROTOCOL, CURLE_WEIRD_SERVER_REPLY:
            result.message = FailureText.notHTTP(who)
        case CURLE_HTTP2_STREAM where slot.pointee.streamClosedCleanly:
            result.message = FailureText.closedStream(who)
        default:
            result.message = FailureText.exchange(who, detail(slot, code))
        }
    }

    private static func describeTLS(_ code: CURLcode, _ slot: Slot.Pointer, _ result: inout HTTPResult) {
        guard let target = slot.pointee.target else { preconditionFailure("a request without a target") }
        let verifyResult = LibCurl.number(slot.pointee.easy, CURLINFO_SSL_VERIFYRESULT)
        let reason = TLSFailure.reason(code, verifyResult: verifyResult, detail: detail(slot, code))
        result.failure = .tls
        result.message = FailureText.tls(target, reason)
    }

    private static func detail(_ slot: Slot.Pointer, _ code: CURLcode) -> String { LibCurl.words(code, slot.pointee.errorText) }
}
