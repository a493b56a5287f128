import BridgeRuntime
import EventLoop
import EventModel
import Manifests
import OpsServer

extension BridgeSource {
    func explain(_ question: EventQuestion) throws(QuestionFailure) -> String {
        guard var manifest = bridge.topics.first(where: { $0.topic == question.topic }) else { throw .unknownTopic }
        if let name = question.subscription {
            guard let only = manifest.only(name) else { throw .unknownSubscription }
            manifest = only
        }
        let now = WallTime(milliseconds: EventLoop.wallMilliseconds())
        var record = EventInput.record(of: Array(question.value.utf8), headers: question.headers, at: now)
        record.key = question.key.map { Array($0.utf8) }
        do {
            // Framed values are no text, so that no schema is needed.
            let explanation = try Explanation(of: record, manifest, egress: bridge.configuration.egress, at: now)
            return ExplanationText.json(explanation, hidesSignatures: true)
        } catch {
            throw .impossible("\(error)")
        }
    }
}
