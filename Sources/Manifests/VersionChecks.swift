internal import EventModel

/// What a subscription's version and its topic's versions must be together.
enum VersionChecks {
    /// Puts into the subscription how its version is made; warns where it is on its way out.
    static func resolve(_ subscription: inout Subscription, _ manifest: TopicManifest, _ path: String, _ reader: inout Reader) {
        guard let name = subscription.transform.version else { return }
        let here = "\(path).payload.version"
        let place = reader.positions[here] ?? reader.positions["defaults.payload.version"] ?? reader.positions[path]
        guard let place else { return }
        guard let derivation = VersionDerivation(of: name, among: manifest.versions) else {
            let known = manifest.versions.map(\.name)
            let remedy = known.isEmpty ? "the topic has no versions; remove the key, or describe them" : NearestName.hint(for: name, among: known)
            return reader.error(place, here, "\"\(name.prefix(64))\" is none of the topic's versions; \(remedy)")
        }
        subscription.transform.derivation = derivation
        if let warning = warning(name, derivation, newest: manifest.versions[0].name, at: reader.environment.now()) {
            reader.warn(place, here, warning)
        }
    }

    private static func warning(_ name: String, _ derivation: VersionDerivation, newest: String, at now: WallTime) -> String? {
        guard let deprecated = derivation.deprecated else { return nil }
        let remedy = "move to version \(newest), which is what the topic carries"
        if let sunset = derivation.sunset, sunset <= now {
            return "VERSION \(name) HAS BEEN PAST ITS SUNSET SINCE \(sunset.date): it is still made and delivered, but nobody promises it any more; \(remedy)"
        }
        let end = derivation.sunset.map { ", and may be gone from \($0.date) on" } ?? ""
        return "version \(name) \(deprecated <= now ? "is deprecated since" : "will be deprecated on") \(deprecated.date)\(end); \(remedy)"
    }
}
