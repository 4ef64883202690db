import TrainingHarness

Train.run()
