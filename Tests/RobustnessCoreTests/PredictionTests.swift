import RobustnessCore
import TestSupport
import Testing

@Suite(.inTurn) struct `Decisions` {
  func prediction(_ logProbabilities: [Double], votes: [Double]) -> Prediction {
    Prediction(
      logProbabilities: Tensor(shape: [1, logProbabilities.count], elements: logProbabilities),
      votes: Tensor(shape: [1, votes.count], elements: votes))
  }

  @Test func `the predictive takes the largest probability, the first of equals`() {
    #expect(prediction([-2, -1, -1], votes: [3, 0, 0]).classes(.predictive) == [1])
  }

  @Test func `a vote takes the most draws, whatever the probabilities`() {
    #expect(prediction([-9, -0.1, -3], votes: [2, 1, 0]).classes(.majorityVote) == [0])
  }

  @Test func `a tied vote goes to the larger predictive probability`() {
    #expect(prediction([-3, -2, -1], votes: [2, 2, 1]).classes(.majorityVote) == [1])
  }

  @Test(arguments: [Decision.predictive, .majorityVote])
  func `a row with NaN decides for no class`(_ decision: Decision) {
    #expect(prediction([-1, .nan], votes: [2, 0]).classes(decision) == [-1])
  }

  @Test func `a probability of zero is a decision like any other`() {
    #expect(prediction([-.infinity, 0], votes: [0, 1]).classes(.predictive) == [1])
  }

  @Test(arguments: ["predictive", "majority-vote", "draw:7"]) func `texts are read back`(_ text: String) {
    #expect(Decision(text)?.description == text)
  }

  @Test(arguments: ["", "draw:", "draw:-1", "draw:x", "vote"]) func `other texts are refused`(_ text: String) {
    #expect(Decision(text) == nil)
  }
}
