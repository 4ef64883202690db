import PaperExperiments

Reproduce.run()
