import Glibc

/// An endpoint of ``ChoosingTransport``, and which of the two transports has it.
final class ChosenEndpoint: OpenEndpoint {
    enum Place {
        case own, curl
        /// libcurl's, until it is known what the endpoint speaks.
        case trial

        init(_ configuration: EndpointConfiguration) {
            switch configuration.httpVersion {
            case _ where configuration.prefersLibcurl: self = .curl
            case .http1: self = .own
            case .http2: self = .curl
            // What is no URL at all is refused by either.
            case .auto: self = configuration.url.prefix(6).lowercased() == "https:" ? .trial : .own
            }
        }
    }

    /// An endpoint that gave requests back this often does not leave libcurl any more.
    static let mostReturns = 3

    let id: EndpointID
    let configuration: EndpointConfiguration
    var place: Place
    /// Its names at the two: it stays open at one when it moves to the other, for what is in flight there.
    var own: EndpointID?
    let curl: EndpointID?
    var returns = 0
    /// Those of the two transports are theirs to count.
    let inFlight = 0
    var isClosed = false
    /// Scheme, host and port as the configuration has them.
    private let origin: [UInt8]

    init(_ id: EndpointID, _ configuration: EndpointConfiguration, _ place: Place, _ inner: EndpointID) {
        self.id = id
        self.configuration = configuration
        self.place = place
        own = place == .own ? inner : nil
        curl = place == .own ? nil : inner
        let url = Array(configuration.url.utf8)
        let path = url.dropFirst("https://".utf8.count).firstIndex { $0 == 0x2f || $0 == 0x3f }
        origin = Array(url[..<(path ?? url.count)])
    }

    /// Whether a URL leads to the same host, whose answers tell what it speaks. No also where it is only written in another way.
    func isAt(_ url: UnsafeRawBufferPointer) -> Bool {
        guard url.count >= origin.count, memcmp(url.baseAddress!, origin, origin.count) == 0 else { return false }
        return url.count == origin.count || url[origin.count] == 0x2f || url[origin.count] == 0x3f
    }
}
