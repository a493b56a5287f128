import EventFormats
import EventModel
import HTTPTransport

// What authentication adds to an endpoint's requests and connections.

extension AuthPolicy {
    /// Sent with every request; nil where there is none, or where it changes (`oauth2`).
    var constantHeader: (name: String, value: String)? {
        if let basic { return ("authorization", "Basic \("\(basic.username):\(basic.password)".base64Encoded)") }
        if let bearer { return ("authorization", "Bearer \(bearer.token)") }
        if let apiKey { return (apiKey.header, apiKey.value) }
        return nil
    }
}

extension EndpointConfiguration.TLS {
    init(_ policy: Subscription) {
        self.init(
            authorities: policy.certificateAuthorities?.bytes, publicKeyPins: policy.publicKeyPins,
            certificate: policy.auth.mtls?.certificate.bytes, key: policy.auth.mtls?.key.bytes)
    }
}
