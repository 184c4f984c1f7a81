/// Which Belfry this is: of the server and of its load tester.
package enum Version {
  /// Three numbers, as semantic versioning has them (<https://semver.org>).
  package static let text = "0.1.0"
}
