internal import Certificates
internal import EventModel

// How a subscription authenticates itself, together with its other keys.
extension SubscriptionChecks {
    func auth(_ reader: inout Reader) {
        guard !isBroken("auth") else { return }
        let auth = subscription.auth
        if auth.kinds.count > 1 {
            let place = position("auth.\(auth.kinds.last!)", reader)
            reader.error(place, "\(path).auth", "has \(auth.kinds.joined(separator: " and ")); one kind at most: remove the others, or write null over those of defaults")
            return
        }
        clashes(&reader)
        transportSecurity(&reader)
        if let oauth2 = auth.oauth2 { tokenEndpoint(oauth2, &reader) }
        if let mtls = auth.mtls { clientCertificate(mtls, &reader) }
    }

    /// A header has one owner.
    private func clashes(_ reader: inout Reader) {
        guard let header = subscription.auth.headerName?.lowercased(), let kind = subscription.auth.kinds.first else { return }
        for field in subscription.headers + subscription.headerTemplates where field.name.lowercased() == header {
            let key = "headers.\(field.name)"
            reader.error(position(key, reader), "\(path).\(key)", "auth.\(kind) sets this header; remove one of them")
        }
    }

    /// What http cannot do, and should not be used for.
    private func transportSecurity(_ reader: inout Reader) {
        guard subscription.endpoint.lowercased().hasPrefix("http:"), !isBroken("endpoint") else { return }
        if subscription.auth.mtls != nil {
            reader.error(position("auth.mtls", reader), "\(path).auth.mtls", "http shows no certificate; write an https endpoint")
        } else if let kind = subscription.auth.kinds.first {
            reader.warn(position("endpoint", reader), "\(path).endpoint", "sends what auth.\(kind) holds in clear; use https", code: .sentInClear)
        }
        if !subscription.publicKeyPins.isEmpty {
            reader.error(position("tls.pins", reader), "\(path).tls.pins", "http has no public key; write an https endpoint")
        }
    }

    private func tokenEndpoint(_ oauth2: AuthPolicy.OAuth2, _ reader: inout Reader) {
        let key = "auth.oauth2.tokenURL"
        if oauth2.tokenURL.lowercased().hasPrefix("http:") {
            guard configuration.egress.allowHTTP else {
                return reader.error(
                    position(key, reader), "\(path).\(key)", "http is not allowed; write https, or set egress.allowHTTP: true in fanfare.yaml")
            }
            reader.warn(position(key, reader), "\(path).\(key)", "sends the client's secret in clear; use https", code: .sentInClear)
        }
        warnOfDenial(of: oauth2.tokenURL, "the token endpoint", key, &reader)
    }

    /// An expired certificate is a warning: time alone makes it one, and a bridge must start again for all its other
    /// subscriptions.
    private func clientCertificate(_ mtls: AuthPolicy.MutualTLS, _ reader: inout Reader) {
        let certificates: CertificateList
        do throws(PEMError) {
            certificates = try CertificateList(pem: mtls.certificate.bytes)
        } catch {
            return reader.error(position("auth.mtls.certificate", reader), "\(path).auth.mtls.certificate", "\(mtls.certificate.path) \(error)")
        }
        do throws(PEMError) {
            try ClientCertificate.check(key: mtls.key.bytes, for: certificates)
        } catch {
            reader.error(position("auth.mtls.key", reader), "\(path).auth.mtls.key", "\(mtls.key.path) \(error)")
        }
        let now = reader.environment.now()
        let begin = WallTime(milliseconds: certificates.leafBegins * 1000)
        let end = certificates.end
        let complaint: String? =
            if end <= now {
                "expired on \(end.rfc3339.prefix(10)): endpoints will refuse it; replace the file, it is read again"
            } else if begin > now {
                "is not valid before \(begin.rfc3339): endpoints will refuse it"
            } else if end - now < CertificateWatch.notice {
                "expires on \(end.rfc3339.prefix(10)), in \((end - now).roughly); replace the file, it is read again"
            } else {
                nil
            }
        guard let complaint else { return }
        reader.warn(
            position("auth.mtls.certificate", reader), "\(path).auth.mtls.certificate", "the certificate in \(mtls.certificate.path) \(complaint)",
            code: .endingCertificate)
    }
}
