import DeliveryCore
import EventFormats
import EventModel
import HTTPTransport

// Answers that name the events of a batch which failed.
extension Shard {
    /// Empty without such an answer: the batch is not looked at again then.
    func failedEvents(of id: DeliveryID, _ result: borrowing HTTPResult) -> [AttemptOutcome.FailedEvent] {
        guard !result.body.isEmpty, result.failure == .none, (200..<300).contains(result.status) else { return [] }
        let delivery = core.delivery(id)
        guard let outlet = outlets[delivery.subscription.index], outlet.policy.readsPartialResults,
            let answer = PartialResults(result.body), !answer.isEmpty
        else { return [] }
        var failed: [AttemptOutcome.FailedEvent] = []
        for i in 0..<delivery.count {
            fillView(core.item(i, of: delivery), outlet)
            // It was decoded for the request as well.
            guard let event = try? outlet.writer.decoder.decode(view), let retry = answer.retry(of: event.id) else { continue }
            failed.append(AttemptOutcome.FailedEvent(index: i, retry: retry))
        }
        return failed
    }
}

extension Subscription {
    var readsPartialResults: Bool { batch?.partialResults ?? false }
}
