import CCurl
import CLinux
public import Egress
import Glibc

/// What an endpoint shows in a TLS handshake, without a request after it. Waits for it on the caller's thread; not for a shard's.
public struct HandshakeCheck: Sendable {
    public enum Outcome: Sendable, Equatable {
        /// The endpoint is trusted: its certificates as it sent them, in PEM.
        case trusted(certificates: [UInt8])
        /// One line for people, as a failed delivery says it; `failure` is never `none`.
        case failed(HTTPResult.Failure, message: String)
    }

    private let rules: EgressRules
    private let proxy: Proxy?

    /// - Parameter proxy: what all connections go through.
    public init(rules: EgressRules, proxy: Proxy? = nil) {
        self.rules = rules
        self.proxy = proxy
    }

    /// - Parameter configuration: its URL is `https`. What it trusts and shows is honoured, and its time for connecting.
    /// - Throws: why nothing can be sent there.
    public func look(at configuration: EndpointConfiguration) throws(EndpointError) -> Outcome {
        LibCurl.initialize()
        let target = try Target(configuration.url, configuration, rules, isProxied: proxy != nil)
        guard let easy = curl_easy_init() else { throw EndpointError("Out of memory.") }
        let door = Door(
            rules: proxy == nil ? ConnectionRules(egress: rules, ownListeners: OwnListeners()) : nil, hostIsAllowed: target.hostIsAllowed)
        let material = TLSMaterial(configuration.tls)
        // All of them are used until the handle is gone.
        defer { withExtendedLifetime((door, target, material)) { curl_easy_cleanup(easy) } }
        set(easy, configuration, target, door)
        material?.set(on: easy)
        let code = curl_easy_perform(easy)
        guard code == CURLE_OK else { return failure(code, easy, configuration, target, door) }
        return .trusted(certificates: Self.certificates(of: easy))
    }

    private func set(_ easy: UnsafeMutableRawPointer, _ configuration: EndpointConfiguration, _ target: Target, _ door: Door) {
        fanfare_easy_set_pointer(easy, CURLOPT_CURLU, UnsafeRawPointer(target.url))
        // > it makes libcurl perform all the required proxy authentication and connection setup, but no data transfer, and then return.
        fanfare_easy_set_long(easy, CURLOPT_CONNECT_ONLY, 1)
        fanfare_easy_set_long(easy, CURLOPT_CERTINFO, 1)
        fanfare_easy_set_long(easy, CURLOPT_NOSIGNAL, 1)
        fanfare_easy_set_string(easy, CURLOPT_PROTOCOLS_STR, "https")
        fanfare_easy_set_string(easy, CURLOPT_PROXY, proxy?.url ?? "")
        fanfare_easy_set_string(easy, CURLOPT_NOPROXY, "")
        fanfare_easy_set_long(easy, CURLOPT_SSLVERSION, Int(CURL_SSLVERSION_TLSv1_2))
        fanfare_easy_set_long(easy, CURLOPT_TIMEOUT_MS, configuration.connectTimeoutMilliseconds)
        fanfare_easy_set_pointer(easy, CURLOPT_ERRORBUFFER, door.errorText)
        fanfare_easy_set_opensocket(easy, openSocket)
        fanfare_easy_set_pointer(easy, CURLOPT_OPENSOCKETDATA, Unmanaged.passUnretained(door).toOpaque())
    }

    private func failure(
        _ code: CURLcode, _ easy: UnsafeMutableRawPointer, _ configuration: EndpointConfiguration, _ target: Target, _ door: Door
    ) -> Outcome {
        let who = target.authority
        let words = LibCurl.words(code, door.errorText)
        switch code {
        case CURLE_COULDNT_CONNECT:
            if let denied = door.denied, !door.wasOpened {
                return .failed(.egressDenied, message: FailureText.denied(denied.address, denied.reason, who))
            }
            let error = Int32(truncatingIfNeeded: LibCurl.number(easy, CURLINFO_OS_ERRNO))
            return .failed(
                .network,
                message: FailureText.cannotConnect(proxy.map { "the proxy \($0.authority)" } ?? who, error == 0 ? words : FailureText.system(error)))
        case CURLE_COULDNT_RESOLVE_HOST: return .failed(.network, message: FailureText.unresolved(who))
        case CURLE_OPERATION_TIMEDOUT: return .failed(.timeout, message: FailureText.timeout(who, configuration, connected: false))
        case CURLE_SSL_CONNECT_ERROR, CURLE_PEER_FAILED_VERIFICATION, CURLE_SSL_CERTPROBLEM, CURLE_SSL_CIPHER, CURLE_SSL_CACERT_BADFILE,
            CURLE_SSL_PINNEDPUBKEYNOTMATCH, CURLE_SSL_ISSUER_ERROR:
            let verified = LibCurl.number(easy, CURLINFO_SSL_VERIFYRESULT)
            return .failed(.tls, message: FailureText.tls(target, TLSFailure.reason(code, verifyResult: verified, detail: words)))
        default: return .failed(.network, message: FailureText.exchange(who, words))
        }
    }

    /// What libcurl says of each certificate has a line `Cert:` with its PEM.
    private static func certificates(of easy: UnsafeMutableRawPointer) -> [UInt8] {
        var found: UnsafeMutableRawPointer?
        fanfare_easy_get_pointer(easy, CURLINFO_CERTINFO, &found)
        guard let info = found?.assumingMemoryBound(to: curl_certinfo.self).pointee, let lists = info.certinfo else { return [] }
        var pem: [UInt8] = []
        for number in 0..<Int(info.num_of_certs) {
            var next = lists[number]
            while let item = next {
                let text = item.pointee.data.map { String(cString: $0) } ?? ""
                if text.hasPrefix("Cert:") { pem += Array(text.dropFirst("Cert:".count).utf8) + [0x0A] }
                next = item.pointee.next
            }
        }
        return pem
    }
}

/// Whoever opens sockets for one check.
private final class Door {
    /// Nil: the proxy's address is the operator's choice.
    let rules: ConnectionRules?
    let hostIsAllowed: Bool
    var denied: (address: IPAddress?, reason: AddressPolicy.Reason)?
    var wasOpened = false
    /// Of `CURL_ERROR_SIZE`; libcurl writes what went wrong.
    let errorText: UnsafeMutablePointer<CChar>

    init(rules: ConnectionRules?, hostIsAllowed: Bool) {
        self.rules = rules
        self.hostIsAllowed = hostIsAllowed
        errorText = .allocate(capacity: Int(CURL_ERROR_SIZE))
        errorText[0] = 0
    }

    deinit { errorText.deallocate() }
}

private let openSocket: curl_opensocket_callback = { door, _, address in
    let door = Unmanaged<Door>.fromOpaque(door!).takeUnretainedValue()
    let target = UnsafePointer(address!)
    let socketAddress = LibCurl.address(of: target)
    let length = target.pointee.addrlen
    if case .denied(let reason) = door.rules?.verdict(socketAddress, length: length, hostIsAllowed: door.hostIsAllowed) {
        door.denied = (IPAddress(socketAddress, length: length), reason)
        return -1
    }
    door.wasOpened = true
    return socket(target.pointee.family, target.pointee.socktype | FANFARE_SOCK_CLOEXEC, target.pointee.protocol)
}
