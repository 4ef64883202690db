import ArgumentParser
import PosteriorFiles

// Before anything else: this program starts itself to look at files of unknown origin.
Probe.runIfRequested()
await DatasetsProgram.runAndExit()
