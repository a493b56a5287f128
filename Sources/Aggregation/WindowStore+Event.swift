public import EventFormats
public import EventModel
import Signing

// A complete window as an event: structured CloudEvents JSON.
extension WindowStore {
    /// - Parameters:
    ///   - start: the window's first moment.
    ///   - end: the first moment that is no more in it, which is the event's `time`.
    public func writeEvent(of window: Int, start: WallTime, end: WallTime, to writer: ByteWriter) {
        withGroupValue(of: window) { group in
            let values = group.elements
            writer.append(#"{"specversion":"1.0","id":""# as StaticString)
            writer.append(upTo: WindowEventID.length) {
                WindowEventID(
                    subscription: template.subscription, topic: template.topic, partition: windows[window].partition,
                    group: group.raw, start: start.milliseconds, end: end.milliseconds
                ).finish(into: $0)
            }
            writer.append(UInt8(ascii: "\""))
            template.envelope.withUnsafeBytes { writer.append($0) }
            appendSubject(values, to: writer)
            writer.append(#","time":"# as StaticString)
            writer.append(time: end)
            writer.append(#","datacontenttype":"application/json","data":{"window":{"start":"# as StaticString)
            writer.append(time: start)
            writer.append(#","end":"# as StaticString)
            writer.append(time: end)
            writer.append(#","type":""# as StaticString)
            writer.append(template.shape)
            writer.append(#""},"group":{"# as StaticString)
            writer.appendJoined(zip(template.groupBy, values)) { key, value in
                writer.append(jsonString: key.name)
                writer.append(UInt8(ascii: ":"))
                writer.append(value.raw)
            }
            writer.append(#"},"count":"# as StaticString)
            writer.append(decimal: Int64(windows[window].events))
            writer.append(#","aggregates":{"# as StaticString)
            writer.appendJoined(aggregates) { aggregate in
                writer.append(jsonString: aggregate.name)
                writer.append(UInt8(ascii: ":"))
                aggregate.column.write(window: window, to: writer)
            }
            writer.append(UInt8(ascii: "}"))
            appendTruncated(window, to: writer)
            writer.append("}}" as StaticString)
        }
    }

    /// Only a single value that is text, and one that CloudEvents allows.
    private func appendSubject(_ values: JSONValue.Elements, to writer: ByteWriter) {
        var values = values
        guard template.groupBy.count == 1, let value = values.next(), value.kind == .string else { return }
        let text = ByteWriter()
        guard value.appendUnescaped(to: text), AttributeRules.problem(nonEmpty: text.bytes) == nil else { return }
        writer.append(#","subject":"# as StaticString)
        writer.append(value.raw)
    }

    /// The aggregates of which a limit has cut something off.
    private func appendTruncated(_ window: Int, to writer: ByteWriter) {
        let truncated = aggregates.filter { $0.column.isTruncated(window: window) }
        guard !truncated.isEmpty else { return }
        writer.append(#","truncated":["# as StaticString)
        writer.appendJoined(truncated) { writer.append(jsonString: $0.name) }
        writer.append(UInt8(ascii: "]"))
    }

    /// The record key of the window's event: that of its events where they have it in common, else the group.
    ///
    /// - Returns: false when it has none.
    public func appendKey(of window: Int, to writer: ByteWriter) -> Bool {
        withGroupValue(of: window) { group in
            for (key, value) in zip(template.groupBy, group.elements) where key == .key {
                return GroupKeyText.appendKey(of: value, to: writer)
            }
            writer.append(group.raw)
            return true
        }
    }

    private func withGroupValue<Result>(of window: Int, _ body: (JSONValue) -> Result) -> Result {
        withGroup(of: window) { body(JSONValue(validated: $0)) }
    }
}

extension ByteWriter {
    fileprivate func append(time: WallTime) {
        append(UInt8(ascii: "\""))
        appendRFC3339(milliseconds: time.milliseconds)
        append(UInt8(ascii: "\""))
    }

    /// With commas in between.
    fileprivate func appendJoined<Elements: Sequence>(_ elements: Elements, _ body: (Elements.Element) -> Void) {
        var isFirst = true
        for element in elements {
            if !isFirst { append(UInt8(ascii: ",")) }
            isFirst = false
            body(element)
        }
    }
}
