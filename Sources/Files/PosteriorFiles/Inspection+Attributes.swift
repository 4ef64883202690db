import HDF5

extension Inspection {
  /// Reads the attributes of a group and compares each with its line of the table.
  ///
  /// - Returns: Whether they could be read. What is wrong with one of them has been reported then.
  func readAttributes(of group: String) -> Bool {
    // Where anything may stand, what cannot be read is ignored.
    let isLenient = FormatSchema.item("\(group)@*", .attribute)?.content == .anything
    let found = attempt { () throws(HDF5Error) in try file.attributes(of: group, isLenient: isLenient) }
    guard let found else { return false }
    structure.attributes[group] = found
    for item in FormatSchema.attributes(of: group) {
      if let attribute = structure.attribute(item.path) { check(attribute, item, item.path) }
    }
    for attribute in structure.furtherAttributes(of: group) {
      guard let item = FormatSchema.item("\(group)@*", .attribute) else { continue }
      check(attribute, item, "\(group)@\(attribute.name)")
    }
    return true
  }

  /// Reports the attributes of a group that it must have and has not.
  func checkPresence(ofAttributesOf group: String) {
    for item in FormatSchema.attributes(of: group) where item.isRequired && structure.attribute(item.path) == nil {
      reportAbsence(of: item)
    }
  }

  func reportAbsence(of item: FormatItem, at path: String? = nil) {
    report(path ?? item.path, "is missing" + (item.absence.map { "; \($0)" } ?? ""), advice: item.advice)
  }

  private func check(_ attribute: HDF5Attribute, _ item: FormatItem, _ path: String) {
    switch item.content {
    case .text: checkText(attribute, path)
    case .numbers(let elements): checkNumbers(attribute, elements, item, path)
    case .textOrNumbers:
      // No digest could cover it. What /provenance holds changes no number, and may be anything.
      guard attribute.value == .unread else { return }
      report(path, "holds \(attribute.type); it needs to be one text, or numbers (a truth value is 0 or 1)")
    case .anything: break
    }
  }

  /// Reports an attribute that is not one text.
  private func checkText(_ attribute: HDF5Attribute, _ path: String) {
    guard attribute.text == nil else { return }
    if case .text = attribute.type {
      guard attribute.shape != [1] else {
        return report(
          path, "is an array of one text; it needs to be the text itself", advice: "In numpy: value[0] or value.item()")
      }
      report(path, "is an array of texts; it needs to be one text")
    } else {
      report(path, "is numeric or of another type (\(attribute.type)); it needs to be text")
    }
  }

  private func checkNumbers(
    _ attribute: HDF5Attribute, _ elements: [ElementType], _ item: FormatItem, _ path: String
  ) {
    guard case .number(let element) = attribute.type, elements.contains(element), attribute.doubles != nil else {
      return report(path, "holds \(attribute.type); \(item.needs)")
    }
    guard let axes = item.shape else { return }
    let extents = extents(of: axes)
    let isKnown = [axes, item.otherShape].compactMap(\.self).contains { axes in
      attribute.shape.map { Self.fits($0, self.extents(of: axes)) } ?? false
    }
    guard isKnown else {
      let found = Self.tuple(attribute.shape ?? [])
      let wanted = axes == [.bound] ? "[low, high], or such a pair for each channel" : Self.words(axes, extents)
      return report(path, "has shape \(found); \(item.needs), \(wanted)")
    }
  }
}
