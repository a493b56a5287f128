public import EventModel
import Logging
import Manifests
import Synchronization

/// Manifests, secrets and certificates that change while the bridge runs.
extension Bridge {
    /// Takes what has changed in files.
    func reload() {
        guard let loaded = watcher.withLock({ $0.reloadIfChanged() }) else { return reloadReferences() }
        for problem in loaded.problems {
            log.log(level: problem.severity == .error ? .error : .warning, "\(problem)")
        }
        let at = Clock.moment().wall
        guard loaded.isUsable else {
            state.withLock { $0.manifests.refused = (at, loaded.problems) }
            log.error("the topic manifests have errors: the old ones stay in force", metadata: ["folder": "\(configuration.topics)"])
            notifier?.tell(
                .configurationRefused, "the topic manifests have errors: the old ones stay in force",
                reason: loaded.problems.first { $0.severity == .error }.map { "\($0)" } ?? "")
            return
        }
        state.withLock { $0.manifests = ManifestStatus(loadedAt: at, warnings: loaded.problems) }
        let count = loaded.topics.reduce(0) { $0 + $1.subscriptions.count }
        log.notice("topic manifests reloaded", metadata: ["topics": "\(loaded.topics.count)", "subscriptions": "\(count)"])
        publish { $0.files = loaded.topics }
        notifier?.tell(.configurationLoaded, "the topic manifests were reloaded: \(loaded.topics.count) topics, \(count) subscriptions")
    }

    public var manifestStatus: ManifestStatus { state.withLock { $0.manifests } }

    /// The manifests in force, as they were written.
    public var topics: [TopicManifest] { rotation.withLock { $0.current } }

    func tell(_ events: [SecretRotation.Event]) {
        for event in events {
            switch event {
            case .replaced(let subscription, let source, let overlap):
                log.notice(
                    "a signing secret was replaced; the old one signs too for a while",
                    metadata: ["subscription": "\(subscription)", "from": "\(source)", "for": "\(overlap)"])
            case .ended(let subscription, let source):
                log.notice("a signing secret that was replaced signs no more", metadata: ["subscription": "\(subscription)", "from": "\(source)"])
            }
        }
    }

    func tell(_ events: [CertificateWatch.Event]) {
        for event in events {
            let metadata: Logger.Metadata = [
                "subscription": "\(event.subscription)", "file": "\(event.file)", "ends": "\(event.end.rfc3339)", "help": "replace the file, it is read again",
            ]
            if event.hasEnded {
                log.error("a client certificate has ended: its endpoint will refuse it", metadata: metadata)
            } else {
                log.warning("a client certificate ends soon", metadata: metadata)
            }
            notifier?.tell(
                .certificateEnds, of: event.subscription,
                "\(event.subscription): its client certificate \(event.hasEnded ? "has ended" : "ends soon"), at \(event.end.rfc3339)")
        }
    }

    /// The public keys of what signs just now, by subscription, in the order of the manifests.
    public var publicKeys: [(subscription: String, keys: [SigningSecret])] {
        rotation.withLock { $0.current }.flatMap(\.subscriptions).compactMap { subscription in
            guard case .signed(let method) = subscription.signing, !method.keys.isEmpty else { return nil }
            return (subscription: subscription.name, keys: method.keys)
        }
    }
}
