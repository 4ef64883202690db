import Foundation
import PosteriorFiles

Probe.runIfRequested()
