/// Delta debugging (Zeller, Hildebrandt, "Simplifying and Isolating Failure-Inducing Input", 2002): a subset of the
/// elements that still passes the test, and of which no single element can be left out.
///
/// - Parameter test: whether what was looked for is still there with these elements alone. It is there with all of them.
func smallestSubset<Element>(_ elements: [Element], _ test: ([Element]) -> Bool) -> [Element] {
    if elements.isEmpty || test([]) { return [] }
    var elements = elements
    var parts = 2
    while elements.count > 1 {
        let size = (elements.count + parts - 1) / parts
        var isSmaller = false
        for start in stride(from: 0, to: elements.count, by: size) {
            var rest = elements
            rest.removeSubrange(start..<min(start + size, elements.count))
            if !rest.isEmpty, test(rest) {
                elements = rest
                parts = max(parts - 1, 2)
                isSmaller = true
                break
            }
        }
        if !isSmaller {
            if size == 1 { break }
            parts = min(parts * 2, elements.count)
        }
    }
    return elements
}
