import Control
import DeliveryCore
import EventModel
import HTTPTypes
import Manifests
import NIOCore

/// A request whose caller may ask for it and whose inputs are right.
struct Call: Sendable {
    let server: OpsResponder
    let caller: Caller
    /// The `Accept` header.
    let accept: String?
    /// The connection that it came on.
    let channel: any Channel
    private let inputs: [String: InputValue]

    init(_ server: OpsResponder, _ caller: Caller, accept: String?, channel: any Channel, inputs: [String: InputValue]) {
        self.server = server
        self.caller = caller
        self.accept = accept
        self.channel = channel
        self.inputs = inputs
    }

    var source: any OpsSource { server.source }

    /// An input that was given.
    func text(_ name: String) -> String? {
        if case .text(let text)? = inputs[name] { text } else { nil }
    }

    /// The body of an operation that reads it as a whole.
    var document: [UInt8] { Array((text("") ?? "").utf8) }

    /// Texts by name; none where the input was not given.
    func texts(_ name: String) -> [(name: String, value: String)] {
        guard case .texts(let texts)? = inputs[name] else { return [] }
        return texts.map { (name: $0.name, value: $0.value) }
    }

    /// One that is required, or has a default.
    func count(_ name: String) -> Int {
        guard case .count(let count)? = inputs[name] else { preconditionFailure("the operation has no number \(name)") }
        return count
    }

    /// One that is neither.
    func number(_ name: String) -> Int? {
        if case .count(let count)? = inputs[name] { count } else { nil }
    }

    func list(_ name: String) -> [String]? {
        if case .list(let texts)? = inputs[name] { texts } else { nil }
    }

    /// What was given, as it was given, in the order of the table.
    func json(of wanted: [Input]) -> JSON {
        .object(wanted.compactMap { input in
            let value: JSON? =
                switch inputs[input.name] {
                case .text(let text): .string(text)
                case .count(let count): .int(count)
                case .flag(let flag): .bool(flag)
                case .list(let texts): .array(texts.map { .string($0) })
                case .texts, nil: nil
                }
            return value.flatMap { $0 == input.standard ? nil : JSON.Member(name: input.name, value: $0) }
        })
    }

    func flag(_ name: String) -> Bool { inputs[name] == .flag(true) }

    /// Who changes something now, and why.
    var attribution: Attribution { Attribution(by: caller.description, at: wallTime(), reason: text("reason") ?? "") }
}

extension Operation {
    /// Everything that is wrong with a request's inputs at once.
    ///
    /// - Parameter body: nil where there is none.
    func read(_ variables: [String: Substring], query: String?, body: [UInt8]?) throws(Problem) -> [String: InputValue] {
        var values: [String: InputValue] = [:]
        var faults: [InputFault] = []
        func take(_ input: Input, _ value: () throws(InputFault) -> InputValue) {
            do throws(InputFault) {
                values[input.name] = try value()
            } catch {
                faults.append(error)
            }
        }
        for input in inputs(.path) {
            // What cannot be a name is the name of nothing.
            guard let text = PercentCoding.decode(variables[input.name] ?? "") else { throw Problem(.notFound, "The path is not UTF-8.") }
            take(input) { () throws(InputFault) in try input.read(text) }
        }
        for (name, text) in PercentCoding.pairs(query ?? "") {
            guard let input = inputs(.query).first(where: { $0.name == name }) else {
                faults.append(unknown(name, .query))
                continue
            }
            guard let text, values[name] == nil else {
                faults.append(input.fault(text == nil ? "is not UTF-8" : "stands there twice"))
                continue
            }
            take(input) { () throws(InputFault) in try input.read(text) }
        }
        if document != nil {
            guard let body, let text = String(validating: body, as: UTF8.self) else {
                throw .badRequest(faults + [InputFault(place: .body, name: "", detail: body == nil ? "is missing" : "is not UTF-8")])
            }
            values[""] = .text(text)
        }
        do throws(InputFault) {
            for member in document != nil ? [] : try BodyValue.members(of: body) {
                guard let input = inputs(.body).first(where: { $0.name == member.name }) else {
                    faults.append(unknown(member.name, .body))
                    continue
                }
                take(input) { () throws(InputFault) in try input.read(member.value) }
            }
        } catch {
            faults.append(error)
        }
        for input in inputs where input.isRequired && values[input.name] == nil && !faults.contains(where: { $0.name == input.name }) {
            faults.append(input.fault("is missing"))
        }
        guard faults.isEmpty else { throw .badRequest(faults) }
        for input in inputs where values[input.name] == nil {
            switch input.standard {
            case .int(let count): values[input.name] = .count(count)
            case .bool(let flag): values[input.name] = .flag(flag)
            default: break
            }
        }
        return values
    }

    private func unknown(_ name: String, _ place: Input.Place) -> InputFault {
        let known = inputs(place).map(\.name)
        return InputFault(place: place, name: name, detail: known.isEmpty ? "is not known here" : "is not known; \(NearestName.hint(for: name, among: known))")
    }
}

/// Texts in URLs.
enum PercentCoding {
    /// Nil for what is no UTF-8.
    static func decode(_ text: Substring, plusIsSpace: Bool = false) -> String? {
        var bytes: [UInt8] = []
        var rest = text.utf8[...]
        while let byte = rest.popFirst() {
            if byte == UInt8(ascii: "%") {
                // A number may have a sign, too.
                guard rest.count >= 2, let value = UInt8(String(decoding: rest.prefix(2), as: UTF8.self), radix: 16),
                    rest.first != UInt8(ascii: "+"), rest.first != UInt8(ascii: "-")
                else { return nil }
                bytes.append(value)
                rest = rest.dropFirst(2)
            } else {
                bytes.append(plusIsSpace && byte == UInt8(ascii: "+") ? 0x20 : byte)
            }
        }
        return String(validating: bytes, as: UTF8.self)
    }

    /// The pairs of a query in their order. A text that is no UTF-8 is nil.
    static func pairs(_ query: String) -> [(name: String, text: String?)] {
        query.split(separator: "&").map { pair in
            let equals = pair.firstIndex(of: "=") ?? pair.endIndex
            let name = decode(pair[..<equals], plusIsSpace: true) ?? String(pair[..<equals])
            return (name, decode(pair[equals...].dropFirst(), plusIsSpace: true))
        }
    }
}
