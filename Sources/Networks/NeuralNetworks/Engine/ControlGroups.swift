import Foundation

/// The control groups of this process, as Linux describes them in files: where a container's limit of processor time
/// stands, in version 2 (`cpu.max`) and in version 1 (`cpu.cfs_quota_us` and `cpu.cfs_period_us`).
struct ControlGroups {
  /// The text of a file; nil where it is not there.
  let read: (String) -> String?

  /// Processor seconds a second: the smallest limit of the process's group and of those around it; nil where none has
  /// a limit.
  var processorQuota: Double? {
    guard let groups = read("/proc/self/cgroup"), let mounts = read("/proc/self/mountinfo") else { return nil }
    var quotas: [Double] = []
    for mount in mounts.split(separator: "\n").compactMap({ Mount($0) }) {
      guard mount.isVersion2 || mount.options.contains("cpu") else { continue }
      let group = groups.split(separator: "\n").compactMap { Self.path(in: $0, isVersion2: mount.isVersion2) }.first
      guard let group else { continue }
      for folder in mount.folders(of: group) {
        let quota =
          mount.isVersion2
          ? read("\(folder)/cpu.max").flatMap(Self.quota)
          : read("\(folder)/cpu.cfs_quota_us").flatMap { quota in
            read("\(folder)/cpu.cfs_period_us").flatMap { Self.quota("\(quota) \($0)") }
          }
        if let quota { quotas.append(quota) }
      }
    }
    return quotas.min()
  }

  /// `150000 100000`, microseconds of every period: 1.5. Nil for `max 100000`, and for a quota of −1: no limit.
  static func quota(_ text: String) -> Double? {
    let numbers = text.split(whereSeparator: \.isWhitespace).map { Double($0) }
    guard numbers.count == 2, let quota = numbers[0], let period = numbers[1], quota > 0, period > 0 else { return nil }
    return quota / period
  }

  /// The path in a line `4:cpu,cpuacct:/docker/0af` of `/proc/self/cgroup`, or `0::/docker/0af` of version 2; nil for
  /// the line of another hierarchy.
  private static func path(in line: Substring, isVersion2: Bool) -> String? {
    let fields = line.split(separator: ":", maxSplits: 2, omittingEmptySubsequences: false)
    guard fields.count == 3 else { return nil }
    let isOurs = isVersion2 ? fields[0] == "0" && fields[1].isEmpty : fields[1].split(separator: ",").contains("cpu")
    return isOurs ? String(fields[2]) : nil
  }

  /// A hierarchy of groups in the file system.
  private struct Mount {
    let isVersion2: Bool
    /// The group that its top folder shows.
    let root: String
    let folder: String
    let options: [Substring]

    /// A line of `/proc/self/mountinfo`: `31 23 0:28 /docker/0af /sys/fs/cgroup/cpu rw shared:9 - cgroup cgroup rw,cpu`.
    init?(_ line: Substring) {
      let fields = line.split(separator: " ")
      guard let dash = fields.firstIndex(of: "-"), dash >= 6, fields.count >= dash + 4,
        ["cgroup", "cgroup2"].contains(fields[dash + 1])
      else { return nil }
      isVersion2 = fields[dash + 1] == "cgroup2"
      root = fields[3].replacingOccurrences(of: "\\040", with: " ")
      folder = fields[4].replacingOccurrences(of: "\\040", with: " ")
      options = fields[dash + 3].split(separator: ",")
    }

    /// The folders of a group and of those around it, as far as they can be seen. A container sees its own group as the
    /// top folder, whatever the group's path is outside.
    func folders(of group: String) -> [String] {
      let top = root == "/" ? "" : root
      guard group == top || group.hasPrefix(top + "/"), !group.contains("/..") else { return [folder] }
      var path = folder
      return [folder]
        + group.dropFirst(top.count).split(separator: "/").map {
          path += "/\($0)"
          return path
        }
    }
  }
}
