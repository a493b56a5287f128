internal import EventFormats

extension Reader {
    /// Whether a file that was read is JSON; if not, says where it ceases to be.
    mutating func isJSON(_ text: [UInt8], _ file: String, _ path: String) -> Bool {
        let failure: JSONError? = text.withUnsafeBytes { bytes in
            do throws(JSONError) {
                _ = try JSONScanner.scan(bytes)
                return nil
            } catch {
                return error
            }
        }
        guard let failure else { return true }
        error(Position(file: file, byte: failure.offset, of: text), path, "not JSON: \(failure.problem.rawValue)")
        return false
    }
}

extension Position {
    /// Where a byte of a file stands.
    init(file: String, byte offset: Int, of text: [UInt8]) {
        let (line, column) = SourceText.place(ofByte: offset, in: text)
        self.init(file: file, line: line, column: column)
    }
}
