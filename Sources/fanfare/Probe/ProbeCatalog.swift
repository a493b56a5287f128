import EventModel

/// What a receiver is tried with, in order.
enum ProbeCatalog {
    static func trials(_ workshop: ProbeWorkshop, _ format: ProbeFormat) -> [ProbeTrial] {
        let scheme = workshop.method.scheme
        var trials = good
        // The header of GitHub has room for one signature.
        if scheme != .github { trials.append(rotation) }
        if scheme == .standard { trials.append(bothKinds) }
        trials.append(spaces)
        if format != .raw { trials.append(unknownType) }
        trials.append(notJSON)
        trials += forged
        if scheme == .standard { trials += standardHeaders }
        // Signatures of GitHub have no time.
        if scheme != .github { trials += times }
        if workshop.oversized > 0 { trials.append(oversized(workshop.oversized)) }
        return trials
    }

    private static let good = [
        ProbeTrial(
            "good", "a delivery as it should be", .accepted,
            help:
                "nothing is delivered like this; after a 401 or 403 see whether the receiver has this secret, and checks the body as it was received"
        ) { try $0.sameEvent(attempt: 1) },
        ProbeTrial(
            "repeated", "the same again, with the same webhook-id", .accepted,
            help: "remember the webhook-id, do nothing the second time, and answer 2xx: else it is sent again, or becomes a dead letter"
        ) { try $0.sameEvent(attempt: 2) },
    ]

    private static let rotation = ProbeTrial(
        "rotation", "two signatures, of which the second is right", .accepted,
        help: "try each signature in the header: while secrets are rotated, some are by a secret that is not known yet, or not any more"
    ) { try $0.signedInRotation() }

    private static let bothKinds = ProbeTrial(
        "both-kinds", "signatures by a secret (v1) and by a key (v1a)", .accepted,
        help: "pass over signatures of a kind that is not known"
    ) { try $0.signedInBothKinds() }

    private static let spaces = ProbeTrial(
        "spaces", "JSON with spaces that a parser would leave out", .accepted,
        help: "check the signature over the bytes that were received, before anything parses them"
    ) { try $0.spaced() }

    private static let unknownType = ProbeTrial(
        "unknown-type", "an event of a type that nobody knows", .settled, isMust: false,
        help: "answer 2xx to types that do not concern you, or 4xx: after 5xx the same is sent again for days"
    ) { try $0.good(type: "fanfare.test.unheard-of") }

    private static let notJSON = ProbeTrial(
        "not-json", "a signed body that is no JSON", .settled, isMust: false,
        help: "answer 400 to what you cannot read: after 5xx the same is sent again for days"
    ) { try $0.cut() }

    private static let forged = [
        ProbeTrial(
            "tampered-body", "the body changed after it was signed", .refused,
            help: "check the signature: like this, whoever reaches the receiver makes events up"
        ) { try $0.tamperedBody() },
        ProbeTrial(
            "wrong-secret", "signed with another secret", .refused,
            help: "check the signature: like this, whoever reaches the receiver makes events up"
        ) { try $0.signedByAnother() },
        ProbeTrial(
            "no-signature", "without a signature", .refused,
            help: "refuse what has no signature, with 401"
        ) { try $0.tampered($0.signatureHeader, nil) },
        ProbeTrial(
            "garbled-signature", "a signature that is none", .refused,
            help: "refuse what is not in the form of a signature, with 401, instead of failing on it"
        ) { try $0.tampered($0.signatureHeader, $0.garbled) },
    ]

    /// What only signatures of Standard Webhooks vouch for.
    private static let standardHeaders = [
        ProbeTrial(
            "tampered-id", "another webhook-id than was signed", .refused,
            help: "the signed text begins with the webhook-id; else an old delivery passes for a new one"
        ) { try $0.tampered("webhook-id", "fanfare-test-another") },
        ProbeTrial(
            "no-id", "without a webhook-id", .refused,
            help: "refuse it with 400 or 401, instead of failing on it"
        ) { try $0.tampered("webhook-id", nil) },
        ProbeTrial(
            "no-timestamp", "without a webhook-timestamp", .refused,
            help: "refuse it with 400 or 401, instead of failing on it"
        ) { try $0.tampered("webhook-timestamp", nil) },
    ]

    private static let times = [
        ProbeTrial(
            "old", "signed too long ago", .refused,
            help:
                "refuse timestamps that are further from your clock than the tolerance: else whoever has recorded a delivery sends it again"
        ) { try $0.signed(at: $0.now - $0.distance) },
        ProbeTrial(
            "refreshed", "signed too long ago, with a new timestamp", .refused,
            help: "the signed text has the timestamp in it: check the one against the other"
        ) { try $0.refreshed() },
        ProbeTrial(
            "future", "signed far in the future", .refused, isMust: false,
            help: "refuse timestamps that are further from your clock than the tolerance, either way"
        ) { try $0.signed(at: $0.now + $0.distance) },
    ]

    private static func oversized(_ bytes: Int) -> ProbeTrial {
        ProbeTrial(
            "oversized", "a body of \(bytes >> 20) MiB", .limited,
            help:
                "bound the body that is read, and answer 413 beyond: without a bound memory is the bound, and after 5xx the same is sent again for days"
        ) { try $0.large() }
    }
}
